//! Inbox rows: which consumer has handled which message; written in the transaction of the effect.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use crate::domain::ids::{Id, MessageId};

/// Whether this consumer is done with this message: handled, or given up.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.inbox.is_settled", level = "debug", skip_all)]
pub async fn is_settled(
    conn: &mut PgConnection,
    consumer: &str,
    message: MessageId,
) -> Result<bool, StoreError> {
    let settled = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM inbox WHERE consumer = $1 AND message_id = $2)
               OR EXISTS (SELECT FROM dead_letters WHERE consumer = $1 AND message_id = $2) AS "settled!""#,
        consumer,
        message.as_uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(settled)
}

/// Notes that the message is handled; `false` where it was before: then the effect must not happen again.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.inbox.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    consumer: &str,
    message: MessageId,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO inbox (consumer, message_id, handled_at) VALUES ($1, $2, $3)
         ON CONFLICT (consumer, message_id) DO NOTHING",
        consumer,
        message.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets up to `limit` messages that were handled before `before`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.inbox.delete_old", level = "debug", skip_all)]
pub async fn delete_old(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM inbox WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM inbox WHERE handled_at < $1
             ORDER BY handled_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
