//! Messages that a consumer could not handle, whole and with the reason; what happens to them is an operator's wish.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

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

/// Which dead letter: a message may be given up by several consumers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub message: MessageId,
    pub consumer: String,
}

/// Which dead letters; what is `None` doesn't matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    pub message: Option<MessageId>,
    pub consumer: Option<String>,
}

/// A message that was given up.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub consumer: String,
    pub message: Message,
    pub reason: String,
    pub tries: i32,
    pub died_at: OffsetDateTime,
}

/// Up to `limit` of these dead letters, the newest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.dead_letters.find_newest", level = "debug", skip_all)]
pub async fn find_newest(
    conn: &mut PgConnection,
    choice: &Choice,
    limit: i64,
) -> Result<Vec<DeadLetter>, StoreError> {
    let rows = sqlx::query!(
        "SELECT message_id, consumer, topic, payload, request_id, trace_parent, reason, tries, died_at
         FROM dead_letters
         WHERE ($1::uuid IS NULL OR message_id = $1) AND ($2::text IS NULL OR consumer = $2)
         ORDER BY died_at DESC, message_id DESC, consumer LIMIT $3",
        choice.message.map(Id::as_uuid),
        choice.consumer.as_deref(),
        limit
    )
    .fetch_all(conn)
    .await?;
    let letters = rows.into_iter().map(|row| DeadLetter {
        consumer: row.consumer,
        message: Message {
            id: row.message_id.into(),
            topic: row.topic,
            payload: row.payload,
            request_id: row.request_id,
            trace_parent: row.trace_parent,
        },
        reason: row.reason,
        tries: row.tries,
        died_at: row.died_at,
    });
    Ok(letters.collect())
}

/// The keys of all these dead letters, the oldest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.dead_letters.find_keys", level = "debug", skip_all)]
pub async fn find_keys(conn: &mut PgConnection, choice: &Choice) -> Result<Vec<Key>, StoreError> {
    let rows = sqlx::query!(
        "SELECT message_id, consumer FROM dead_letters
         WHERE ($1::uuid IS NULL OR message_id = $1) AND ($2::text IS NULL OR consumer = $2)
         ORDER BY died_at, message_id, consumer",
        choice.message.map(Id::as_uuid),
        choice.consumer.as_deref()
    )
    .fetch_all(conn)
    .await?;
    let keys =
        rows.into_iter().map(|row| Key { message: row.message_id.into(), consumer: row.consumer });
    Ok(keys.collect())
}

/// Takes these dead letters out, and returns those that were there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.dead_letters.delete", level = "debug", skip_all)]
pub async fn delete(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<Vec<(Key, Message)>, StoreError> {
    let messages: Vec<Uuid> = keys.iter().map(|key| key.message.as_uuid()).collect();
    let consumers: Vec<String> = keys.iter().map(|key| key.consumer.clone()).collect();
    let rows = sqlx::query!(
        "DELETE FROM dead_letters AS letter
         USING unnest($1::uuid[], $2::text[]) AS chosen (message_id, consumer)
         WHERE letter.message_id = chosen.message_id AND letter.consumer = chosen.consumer
         RETURNING letter.message_id, letter.consumer, topic, payload, request_id, trace_parent",
        &messages,
        &consumers
    )
    .fetch_all(conn)
    .await?;
    let taken = rows.into_iter().map(|row| {
        let message = Message {
            id: row.message_id.into(),
            topic: row.topic,
            payload: row.payload,
            request_id: row.request_id,
            trace_parent: row.trace_parent,
        };
        (Key { message: message.id, consumer: row.consumer }, message)
    });
    Ok(taken.collect())
}

/// Puts `rest` in the place of an address that is somebody's no longer: in what the message says, and wherever the reason
/// names it, as the words of a mail server do.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.dead_letters.update_address_erased", level = "debug", skip_all)]
pub async fn update_address_erased(
    conn: &mut PgConnection,
    email: &str,
    rest: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE dead_letters
         SET payload = CASE WHEN payload ->> 'email' = $1
                            THEN jsonb_set(payload, '{email}', to_jsonb($2::text)) ELSE payload END,
             reason = replace(reason, $1, $2)
         WHERE payload ->> 'email' = $1 OR strpos(reason, $1) > 0",
        email,
        rest
    )
    .execute(conn)
    .await?;
    Ok(())
}
