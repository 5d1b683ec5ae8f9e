//! Messages that a consumer could not handle, whole and with the reason; what happens to them is an operator's wish.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use crate::domain::ids::{Id, MessageId};
use crate::domain::message::Message;

/// A message that is given up.
#[derive(Debug, Clone, Copy)]
pub struct NewDeadLetter<'a> {
    pub consumer: &'a str,
    pub message: &'a Message,
    pub reason: &'a str,
    pub tries: i32,
}

/// Keeps the message; `false` where it was given up before.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.dead_letters.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    letter: NewDeadLetter<'_>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let NewDeadLetter { consumer, message, reason, tries } = letter;
    let done = sqlx::query!(
        "INSERT INTO dead_letters (message_id, consumer, topic, payload, request_id, trace_parent, reason,
                                   tries, died_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (consumer, message_id) DO NOTHING",
        message.id.as_uuid(),
        consumer,
        message.topic,
        message.payload,
        message.request_id,
        message.trace_parent,
        reason,
        tries,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the dead letter out, if it is there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.dead_letters.delete", level = "debug", skip_all)]
pub async fn delete(
    conn: &mut PgConnection,
    consumer: &str,
    message: MessageId,
) -> Result<Option<Message>, StoreError> {
    let row = sqlx::query!(
        "DELETE FROM dead_letters WHERE consumer = $1 AND message_id = $2
         RETURNING message_id, topic, payload, request_id, trace_parent",
        consumer,
        message.as_uuid()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Message {
        id: row.message_id.into(),
        topic: row.topic,
        payload: row.payload,
        request_id: row.request_id,
        trace_parent: row.trace_parent,
    }))
}
