//! Rows of long jobs, leased like messages; every word of a worker about its job is compared with the lease it holds.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::outbox::Lease;
use super::row::RowKey;
use crate::domain::access::Reach;
use crate::domain::ids::{Id, JobId, LeaseToken, UserId};
use crate::domain::job::{Job, JobFault, JobKind};
use crate::domain::page::PageRequest;

struct JobRow {
    id: Uuid,
    kind: String,
    owner_id: Uuid,
    about_id: Option<Uuid>,
    parameters: Value,
    status: String,
    tries: i32,
    rows_done: i64,
    rows_to_do: Option<i64>,
    result: Option<Value>,
    error_code: Option<String>,
    error_detail: Option<String>,
    request_id: String,
    trace_parent: Option<String>,
    created_at: OffsetDateTime,
    started_at: Option<OffsetDateTime>,
    completed_at: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "jobs", key: &row.id };
        let kind = named.believe("kind", row.kind.parse())?;
        let status = named.believe("status", row.status.parse())?;
        let fault = row
            .error_code
            .map(|code| JobFault { code, detail: row.error_detail.unwrap_or_default() });
        Ok(Self {
            id: row.id.into(),
            kind,
            owner: row.owner_id.into(),
            about: row.about_id.map(UserId::from),
            parameters: row.parameters,
            status,
            tries: row.tries,
            rows_done: row.rows_done,
            rows_to_do: row.rows_to_do,
            result: row.result,
            fault,
            request_id: row.request_id,
            trace_parent: row.trace_parent,
            created_at: row.created_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
            expires_at: row.expires_at,
        })
    }
}

/// A job that is about to be written.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    pub id: JobId,
    pub kind: JobKind,
    pub owner: UserId,
    pub about: Option<UserId>,
    pub parameters: &'a Value,
    /// Where it is known from the start.
    pub rows_to_do: Option<i64>,
    pub request_id: &'a str,
    pub trace_parent: Option<&'a str>,
}

/// Writes a job that waits for a worker.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    job: NewJob<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO jobs (id, kind, owner_id, about_id, parameters, status, rows_to_do, due_at, request_id,
                           trace_parent, created_at)
         VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $9, $7)",
        job.id.as_uuid(),
        job.kind.as_str(),
        job.owner.as_uuid(),
        job.about.map(Id::as_uuid),
        job.parameters,
        job.rows_to_do,
        now,
        job.request_id,
        job.trace_parent
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose jobs are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    pub kind: JobKind,
    pub owners: Reach,
    /// Whether those that tell of everybody are among them.
    pub about: Reach,
}

/// The job, where it is in sight and was not removed.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.jobs.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    id: JobId,
    sight: Sight,
) -> Result<Option<Job>, StoreError> {
    sqlx::query_as!(
        JobRow,
        "SELECT id, kind, owner_id, about_id, parameters, status, tries, rows_done, rows_to_do, result, error_code,
                error_detail, request_id, trace_parent, created_at, started_at, completed_at, expires_at
         FROM jobs
         WHERE id = $1 AND kind = $2 AND removed_at IS NULL
           AND ($3::uuid IS NULL OR owner_id = $3) AND ($4::uuid IS NULL OR about_id = $4)",
        id.as_uuid(),
        sight.kind.as_str(),
        sight.owners.customer().map(Id::as_uuid),
        sight.about.customer().map(Id::as_uuid)
    )
    .fetch_optional(conn)
    .await?
    .map(Job::try_from)
    .transpose()
}

/// Jobs in sight, newest first: up to a page and one more.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.jobs.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    sight: Sight,
    page: PageRequest,
) -> Result<Vec<Job>, StoreError> {
    sqlx::query_as!(
        JobRow,
        "SELECT id, kind, owner_id, about_id, parameters, status, tries, rows_done, rows_to_do, result, error_code,
                error_detail, request_id, trace_parent, created_at, started_at, completed_at, expires_at
         FROM jobs
         WHERE kind = $1 AND removed_at IS NULL
           AND ($2::uuid IS NULL OR owner_id = $2) AND ($3::uuid IS NULL OR about_id = $3)
           AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
         ORDER BY created_at DESC, id DESC
         LIMIT $6",
        sight.kind.as_str(),
        sight.owners.customer().map(Id::as_uuid),
        sight.about.customer().map(Id::as_uuid),
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Job::try_from)
    .collect()
}

/// Leases the job if nobody has it and it was not taken too often.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.jobs.lease", level = "debug", skip_all)]
pub async fn lease(
    conn: &mut PgConnection,
    id: JobId,
    lease: Lease,
    now: OffsetDateTime,
    most_tries: i32,
) -> Result<Option<Job>, StoreError> {
    sqlx::query_as!(
        JobRow,
        "UPDATE jobs SET status = 'processing', lease_token = $2, due_at = $3, tries = tries + 1,
                         started_at = coalesce(started_at, $4)
         WHERE id = $1 AND status IN ('queued', 'processing') AND due_at <= $4 AND tries < $5
         RETURNING id, kind, owner_id, about_id, parameters, status, tries, rows_done, rows_to_do, result, error_code,
                   error_detail, request_id, trace_parent, created_at, started_at, completed_at, expires_at",
        id.as_uuid(),
        lease.token.as_uuid(),
        lease.until,
        now,
        most_tries
    )
    .fetch_optional(conn)
    .await?
    .map(Job::try_from)
    .transpose()
}

/// Leases the job that is due for longest; those that somebody else is about to lease are left to them.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.jobs.lease_due", level = "debug", skip_all)]
pub async fn lease_due(
    conn: &mut PgConnection,
    lease: Lease,
    now: OffsetDateTime,
    most_tries: i32,
) -> Result<Option<Job>, StoreError> {
    sqlx::query_as!(
        JobRow,
        "UPDATE jobs SET status = 'processing', lease_token = $1, due_at = $2, tries = tries + 1,
                         started_at = coalesce(started_at, $3)
         WHERE id = (
             SELECT id FROM jobs
             WHERE status IN ('queued', 'processing') AND due_at <= $3 AND tries < $4
             ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, owner_id, about_id, parameters, status, tries, rows_done, rows_to_do, result, error_code,
                   error_detail, request_id, trace_parent, created_at, started_at, completed_at, expires_at",
        lease.token.as_uuid(),
        lease.until,
        now,
        most_tries
    )
    .fetch_optional(conn)
    .await?
    .map(Job::try_from)
    .transpose()
}

/// What a worker says of the job it holds.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub id: JobId,
    pub token: LeaseToken,
}

/// How far a job is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    pub rows_done: i64,
    pub rows_to_do: Option<i64>,
    /// What has come of it so far; `None` leaves it as it is.
    pub result: Option<&'a Value>,
}

/// Notes how far it is and keeps the lease until then; `false` where the lease is somebody else's by now, or the job was
/// cancelled.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_progress", level = "debug", skip_all)]
pub async fn update_progress(
    conn: &mut PgConnection,
    held: Held,
    progress: Progress<'_>,
    until: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE jobs SET rows_done = $3, rows_to_do = coalesce($4, rows_to_do), result = coalesce($5, result),
                         due_at = $6
         WHERE id = $1 AND lease_token = $2 AND status = 'processing'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        progress.rows_done,
        progress.rows_to_do,
        progress.result,
        until
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the lease until then; `false` as above.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_lease", level = "debug", skip_all)]
pub async fn update_lease(
    conn: &mut PgConnection,
    held: Held,
    until: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE jobs SET due_at = $3 WHERE id = $1 AND lease_token = $2 AND status = 'processing'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        until
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// When a job ended and for how long its files stay.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// The job is done; `false` as above, and then nothing has changed.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_complete", level = "debug", skip_all)]
pub async fn update_complete(
    conn: &mut PgConnection,
    held: Held,
    rows: i64,
    result: &Value,
    ended: Ended,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE jobs SET status = 'complete', lease_token = NULL, rows_done = $3, rows_to_do = $3, result = $4,
                         completed_at = $5, expires_at = $6
         WHERE id = $1 AND lease_token = $2 AND status = 'processing'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        rows,
        result,
        ended.at,
        ended.expires_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The job will not be done; `false` as above.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_failed", level = "debug", skip_all)]
pub async fn update_failed(
    conn: &mut PgConnection,
    held: Held,
    fault: &JobFault,
    ended: Ended,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE jobs SET status = 'failed', lease_token = NULL, error_code = $3, error_detail = $4,
                         completed_at = $5, expires_at = $6
         WHERE id = $1 AND lease_token = $2 AND status = 'processing'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        fault.code,
        fault.detail,
        ended.at,
        ended.expires_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Jobs that were taken as often as a job may be, and whose lease is over, have failed; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_given_up", level = "debug", skip_all)]
pub async fn update_given_up(
    conn: &mut PgConnection,
    most_tries: i32,
    fault: &JobFault,
    ended: Ended,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE jobs SET status = 'failed', lease_token = NULL, error_code = $2, error_detail = $3,
                         completed_at = $4, expires_at = $5
         WHERE status IN ('queued', 'processing') AND due_at <= $4 AND tries >= $1",
        most_tries,
        fault.code,
        fault.detail,
        ended.at,
        ended.expires_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Whether giving a job back counts as one of its tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    Counts,
    CountsNot,
}

/// Gives the job back, to be taken from then on.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_given_back", level = "debug", skip_all)]
pub async fn update_given_back(
    conn: &mut PgConnection,
    held: Held,
    due_at: OffsetDateTime,
    this_try: Try,
) -> Result<(), StoreError> {
    let uncounted = i32::from(this_try == Try::CountsNot);
    sqlx::query!(
        "UPDATE jobs SET status = 'queued', lease_token = NULL, due_at = $3, tries = tries - $4
         WHERE id = $1 AND lease_token = $2 AND status = 'processing'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        due_at,
        uncounted
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a job that is not over yet; `false` where it is.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_cancelled", level = "debug", skip_all)]
pub async fn update_cancelled(
    conn: &mut PgConnection,
    id: JobId,
    ended: Ended,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE jobs SET status = 'cancelled', lease_token = NULL, completed_at = $2, expires_at = $3
         WHERE id = $1 AND status IN ('queued', 'processing')",
        id.as_uuid(),
        ended.at,
        ended.expires_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a job that is over from the sight of all; its files go as those of expired ones do.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.jobs.update_removed", level = "debug", skip_all)]
pub async fn update_removed(
    conn: &mut PgConnection,
    id: JobId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE jobs SET removed_at = $2, expires_at = least(expires_at, $2)
         WHERE id = $1 AND status IN ('complete', 'failed', 'cancelled')",
        id.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
