//! Outbox rows: messages that commit with what they tell of.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::ids::{Id, MessageId};

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
