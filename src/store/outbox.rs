//! Outbox rows: messages that commit with what they tell of, and are leased by whoever sends them on.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::ids::{Id, LeaseToken, MessageId};
use crate::domain::message::Message;

pub use super::payment_attempts::Lease;

/// A message that is about to be written.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: MessageId,
    pub topic: &'static str,
    pub payload: Value,
    pub request_id: String,
    /// W3C `traceparent`, where the cause was traced.
    pub trace_parent: Option<String>,
}

/// Writes messages, due at once.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    messages: &[NewMessage],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.id.as_uuid()).collect();
    let topics: Vec<String> = messages.iter().map(|message| message.topic.to_owned()).collect();
    let payloads: Vec<Value> = messages.iter().map(|message| message.payload.clone()).collect();
    let requests: Vec<String> = messages.iter().map(|message| message.request_id.clone()).collect();
    let traces: Vec<Option<String>> =
        messages.iter().map(|message| message.trace_parent.clone()).collect();
    sqlx::query!(
        "INSERT INTO outbox (id, topic, payload, request_id, trace_parent, created_at, due_at)
         SELECT id, topic, payload, request_id, trace_parent, $6, $6
         FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::text[])
              AS new (id, topic, payload, request_id, trace_parent)",
        &ids,
        &topics,
        &payloads,
        &requests,
        traces.as_slice() as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message whose lease is held.
#[derive(Debug, Clone)]
pub struct LeasedMessage {
    /// Names the row: the message's own id, unless it is a replay.
    pub row: MessageId,
    pub message: Message,
    /// The only consumer that it is for; `None` where it is for all that take its topic.
    pub consumer: Option<String>,
    /// How often it was leased, this time included.
    pub tries: i32,
}

/// Leases up to `limit` messages that are due at `now`, the longest due first; those that somebody else is
/// about to lease are left to them.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.lease_due", level = "debug", skip_all)]
pub async fn lease_due(
    conn: &mut PgConnection,
    lease: Lease,
    now: OffsetDateTime,
    limit: i64,
) -> Result<Vec<LeasedMessage>, StoreError> {
    let rows = sqlx::query!(
        "UPDATE outbox SET lease_token = $1, due_at = $2, tries = tries + 1
         WHERE id = ANY (ARRAY(
             SELECT id FROM outbox
             WHERE sent_at IS NULL AND due_at <= $3
             ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED))
         RETURNING id, replay_of, consumer, topic, payload, request_id, trace_parent, tries",
        lease.token.as_uuid(),
        lease.until,
        now,
        limit
    )
    .fetch_all(conn)
    .await?;
    let leased = rows.into_iter().map(|row| LeasedMessage {
        row: row.id.into(),
        consumer: row.consumer,
        message: Message {
            id: row.replay_of.unwrap_or(row.id).into(),
            topic: row.topic,
            payload: row.payload,
            request_id: row.request_id,
            trace_parent: row.trace_parent,
        },
        tries: row.tries,
    });
    Ok(leased.collect())
}

/// Marks what this lease holds of these messages as sent.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.update_sent", level = "debug", skip_all)]
pub async fn update_sent(
    conn: &mut PgConnection,
    messages: &[MessageId],
    token: LeaseToken,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.as_uuid()).collect();
    sqlx::query!(
        "UPDATE outbox SET sent_at = $3, lease_token = NULL, last_error = NULL
         WHERE id = ANY($1) AND lease_token = $2 AND sent_at IS NULL",
        &ids,
        token.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When a leased message may be tried again, and why it must be.
#[derive(Debug, Clone, Copy)]
pub struct Postponement<'a> {
    pub message: MessageId,
    pub token: LeaseToken,
    pub due_at: OffsetDateTime,
    pub reason: &'a str,
}

/// Ends the lease of a message that is to be tried again later.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.update_postponed", level = "debug", skip_all)]
pub async fn update_postponed(
    conn: &mut PgConnection,
    postponement: Postponement<'_>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE outbox SET due_at = $3, last_error = $4, lease_token = NULL
         WHERE id = $1 AND lease_token = $2 AND sent_at IS NULL",
        postponement.message.as_uuid(),
        postponement.token.as_uuid(),
        postponement.due_at,
        postponement.reason
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives back what this lease holds of these messages, as if they had not been taken.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.update_given_back", level = "debug", skip_all)]
pub async fn update_given_back(
    conn: &mut PgConnection,
    messages: &[MessageId],
    token: LeaseToken,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.as_uuid()).collect();
    sqlx::query!(
        "UPDATE outbox SET due_at = $3, tries = tries - 1, lease_token = NULL
         WHERE id = ANY($1) AND lease_token = $2 AND sent_at IS NULL",
        &ids,
        token.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message that is given once more, to one consumer alone.
#[derive(Debug, Clone)]
pub struct Replay {
    pub row: MessageId,
    pub message: Message,
    pub consumer: String,
}

/// Writes messages that are given once more, due at once, whether or not their first rows are still there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.insert_replays", level = "debug", skip_all)]
pub async fn insert_replays(
    conn: &mut PgConnection,
    replays: &[Replay],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let rows: Vec<Uuid> = replays.iter().map(|replay| replay.row.as_uuid()).collect();
    let messages: Vec<Uuid> = replays.iter().map(|replay| replay.message.id.as_uuid()).collect();
    let consumers: Vec<String> = replays.iter().map(|replay| replay.consumer.clone()).collect();
    let topics: Vec<String> = replays.iter().map(|replay| replay.message.topic.clone()).collect();
    let payloads: Vec<Value> =
        replays.iter().map(|replay| replay.message.payload.clone()).collect();
    let requests: Vec<String> =
        replays.iter().map(|replay| replay.message.request_id.clone()).collect();
    let traces: Vec<Option<String>> =
        replays.iter().map(|replay| replay.message.trace_parent.clone()).collect();
    sqlx::query!(
        "INSERT INTO outbox (id, replay_of, consumer, topic, payload, request_id, trace_parent, created_at, due_at)
         SELECT id, replay_of, consumer, topic, payload, request_id, trace_parent, $8, $8
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::text[])
              AS new (id, replay_of, consumer, topic, payload, request_id, trace_parent)",
        &rows,
        &messages,
        &consumers,
        &topics,
        &payloads,
        &requests,
        traces.as_slice() as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many messages; counted no further than asked.
    pub unsent: i64,
    /// When the oldest of them was written.
    pub oldest: Option<OffsetDateTime>,
}

/// What waits to be sent, counted up to `most`.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.find_backlog", level = "debug", skip_all)]
pub async fn find_backlog(conn: &mut PgConnection, most: i64) -> Result<Backlog, StoreError> {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE sent_at IS NULL LIMIT $1) AS waiting) AS "unsent!",
                  (SELECT min(created_at) FROM outbox WHERE sent_at IS NULL) AS oldest"#,
        most
    )
    .fetch_one(conn)
    .await?;
    Ok(Backlog { unsent: row.unsent, oldest: row.oldest })
}

/// Forgets up to `limit` messages that were sent before `before`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.delete_sent", level = "debug", skip_all)]
pub async fn delete_sent(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM outbox WHERE id = ANY (ARRAY(
             SELECT id FROM outbox WHERE sent_at < $1 ORDER BY sent_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Puts `rest` in the place of an address that is somebody's no longer, in the only messages that name one: sent ones are kept
/// for a while.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.outbox.update_address_erased", level = "debug", skip_all)]
pub async fn update_address_erased(
    conn: &mut PgConnection,
    email: &str,
    rest: &str,
) -> Result<(), StoreError> {
    // Said as the index says it.
    sqlx::query!(
        "UPDATE outbox SET payload = jsonb_set(payload, '{email}', to_jsonb($2::text))
         WHERE topic = 'password_reset.requested' AND payload ->> 'email' = $1",
        email,
        rest
    )
    .execute(conn)
    .await?;
    Ok(())
}
