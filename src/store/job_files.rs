//! Which jobs still have files, and rows of those that have none; see [`super::jobs`] for all else of them.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::ids::{Id, JobId, UserId};

/// Up to `limit` jobs whose files are to go.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.job_files.list_to_clear", level = "debug", skip_all)]
pub async fn list_to_clear(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    limit: i64,
) -> Result<Vec<JobId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM jobs WHERE cleared_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
        now,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(JobId::from).collect())
}

/// Notes that a job's files are gone.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.job_files.update_cleared", level = "debug", skip_all)]
pub async fn update_cleared(
    conn: &mut PgConnection,
    id: JobId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!("UPDATE jobs SET cleared_at = $2 WHERE id = $1", id.as_uuid(), now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets up to `limit` jobs whose files went before `before`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.job_files.delete_old", level = "debug", skip_all)]
pub async fn delete_old(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM jobs WHERE id = ANY (ARRAY(
             SELECT id FROM jobs WHERE cleared_at < $1 ORDER BY cleared_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Ends and removes all jobs of somebody; their files go next.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.job_files.update_removed_of_owner", level = "debug", skip_all)]
pub async fn update_removed_of_owner(
    conn: &mut PgConnection,
    owner: UserId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE jobs SET status = CASE WHEN status IN ('queued', 'processing') THEN 'cancelled' ELSE status END,
                         lease_token = NULL, completed_at = coalesce(completed_at, $2),
                         expires_at = least(expires_at, $2), removed_at = $2
         WHERE owner_id = $1 AND removed_at IS NULL",
        owner.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of these jobs have a row.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.job_files.list_known", level = "debug", skip_all)]
pub async fn list_known(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT id FROM jobs WHERE id = ANY($1)", ids).fetch_all(conn).await?)
}
