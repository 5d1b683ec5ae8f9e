//! Rows of the audit log, which only grow, and where each came from, which goes earlier; what is worth an entry is decided
//! elsewhere.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::audit::{
    AuditFilter, Author, Credential, Entry, PastActor, PastEntry, Target, UserAgent,
};
use crate::domain::ids::{AuditEntryId, Id, UserId};
use crate::domain::page::PageRequest;

/// An entry that is about to be written.
#[derive(Debug)]
pub struct NewEntry<'a> {
    pub id: AuditEntryId,
    pub author: &'a Author,
    pub entry: &'a Entry,
}

impl NewEntry<'_> {
    /// Whom the address tells of: who acts, or whose account a stranger tries.
    fn subject(&self) -> Option<UserId> {
        let tried = match self.entry.target {
            Target::User(id) => Some(id),
            _ => None,
        };
        self.author.actor.user().or(tried)
    }
}

/// Writes the entries, and from where each came, but for those who are erased.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.audit_log.insert_all", level = "debug", skip_all)]
pub async fn insert_all(
    conn: &mut PgConnection,
    new: &[NewEntry<'_>],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = new.iter().map(|new| new.id.as_uuid()).collect();
    let actions: Vec<&str> = new.iter().map(|new| new.entry.act.name()).collect();
    let details: Vec<Value> = new.iter().map(|new| new.entry.act.details()).collect();
    let actor_types: Vec<&str> = new.iter().map(|new| new.author.actor.kind()).collect();
    let actor_id = |new: &NewEntry<'_>| new.author.actor.user().map(Id::as_uuid);
    let actor_ids: Vec<Option<Uuid>> = new.iter().map(actor_id).collect();
    let credentials = || new.iter().map(|new| new.author.actor.credential());
    let credential_types: Vec<Option<&str>> =
        credentials().map(|credential| credential.map(Credential::kind)).collect();
    let credential_ids: Vec<Option<Uuid>> =
        credentials().map(|credential| credential.map(Credential::id)).collect();
    let (target_types, target_ids): (Vec<Option<&str>>, Vec<Option<String>>) =
        new.iter().map(|new| new.entry.target.named().unzip()).unzip();
    let origins = || new.iter().map(|new| &new.author.origin);
    let request_ids: Vec<Option<&str>> =
        origins().map(|origin| origin.request_id.as_deref()).collect();
    let addresses: Vec<Option<String>> =
        origins().map(|origin| origin.address.map(|address| address.to_string())).collect();
    let user_agents: Vec<Option<&str>> =
        origins().map(|origin| origin.user_agent.as_ref().map(UserAgent::as_str)).collect();
    let subjects: Vec<Option<Uuid>> =
        new.iter().map(|new| new.subject().map(Id::as_uuid)).collect();
    sqlx::query!(
        r#"WITH new AS (
               SELECT * FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::uuid[], $6::text[], $7::uuid[],
                                    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[])
                    AS new (id, action, details, actor_type, actor_id, credential_type, credential_id,
                            target_type, target_id, request_id, address, user_agent, subject_id)),
           entries AS (
               INSERT INTO audit_log (id, action, details, actor_type, actor_id, credential_type, credential_id,
                                      target_type, target_id, request_id, recorded_at)
               SELECT id, action, details, actor_type, actor_id, credential_type, credential_id,
                      target_type, target_id, request_id, $14 FROM new)
           INSERT INTO audit_origins (entry_id, subject_id, address, user_agent, recorded_at)
           SELECT id, subject_id, address, user_agent, $14 FROM new
           WHERE (address IS NOT NULL OR user_agent IS NOT NULL)
             AND NOT EXISTS (SELECT FROM users WHERE users.id = new.subject_id AND status = 'erased')"#,
        &ids,
        actions.as_slice() as _,
        &details,
        actor_types.as_slice() as _,
        actor_ids.as_slice() as _,
        credential_types.as_slice() as _,
        credential_ids.as_slice() as _,
        target_types.as_slice() as _,
        target_ids.as_slice() as _,
        request_ids.as_slice() as _,
        addresses.as_slice() as _,
        user_agents.as_slice() as _,
        subjects.as_slice() as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.audit_log.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    page: PageRequest,
) -> Result<Vec<PastEntry>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT l.id, l.action, l.actor_type, l.actor_id, l.credential_type, l.credential_id, l.target_type,
                  l.target_id, l.details, l.request_id, l.recorded_at,
                  o.address AS "address?", o.user_agent AS "user_agent?"
           FROM audit_log l LEFT JOIN audit_origins o ON o.entry_id = l.id
           WHERE ($1::uuid IS NULL OR l.actor_id = $1)
             AND ($2::text IS NULL OR l.action = $2)
             AND ($3::text IS NULL OR l.target_id = $3)
             AND ($4::timestamptz IS NULL OR l.recorded_at >= $4)
             AND ($5::timestamptz IS NULL OR l.recorded_at < $5)
             AND ($6::timestamptz IS NULL OR (l.recorded_at, l.id) < ($6, $7::uuid))
           ORDER BY l.recorded_at DESC, l.id DESC LIMIT $8"#,
        filter.actor.map(Id::as_uuid),
        filter.action,
        filter.target,
        filter.recorded_after,
        filter.recorded_before,
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    let entries = rows.into_iter().map(|row| PastEntry {
        id: row.id.into(),
        action: row.action,
        actor: PastActor {
            kind: row.actor_type,
            id: row.actor_id.map(UserId::from),
            credential: row.credential_type.zip(row.credential_id),
        },
        target: row.target_type.zip(row.target_id),
        details: row.details,
        address: row.address,
        user_agent: row.user_agent,
        request_id: row.request_id,
        recorded_at: row.recorded_at,
    });
    Ok(entries.collect())
}

/// Forgets from where somebody acted, and from where others tried their account.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.audit_log.delete_origins_of", level = "debug", skip_all)]
pub async fn delete_origins_of(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM audit_origins WHERE subject_id = $1", user.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets from where up to `limit` entries came that were recorded before `before`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.audit_log.delete_old_origins", level = "debug", skip_all)]
pub async fn delete_old_origins(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM audit_origins WHERE entry_id = ANY (ARRAY(
             SELECT entry_id FROM audit_origins WHERE recorded_at < $1
             ORDER BY recorded_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Removes up to `limit` entries that were recorded before `before`, by the one way that the database lets through; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.audit_log.delete_old", level = "debug", skip_all)]
pub async fn delete_old(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let removed =
        sqlx::query_scalar!(r#"SELECT audit_log_purge($1, $2) AS "removed!""#, before, limit)
            .fetch_one(conn)
            .await?;
    Ok(u64::try_from(removed).unwrap_or(0))
}
