//! Event rows: what happened, as it was told; who may read them is decided by the use case.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::access::Reach;
use crate::domain::event::PastEvent;
use crate::domain::ids::{EventId, Id};
use crate::domain::page::PageRequest;

struct EventRow {
    id: Uuid,
    r#type: String,
    customer_id: Uuid,
    data: Value,
    trace_parent: Option<String>,
    created_at: OffsetDateTime,
}

impl From<EventRow> for PastEvent {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id.into(),
            topic: row.r#type,
            customer_id: row.customer_id.into(),
            data: row.data,
            trace_parent: row.trace_parent,
            created_at: row.created_at,
        }
    }
}

/// `false` where it is there already.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.events.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, event: &PastEvent) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO events (id, type, customer_id, data, trace_parent, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO NOTHING",
        event.id.as_uuid(),
        event.topic,
        event.customer_id.as_uuid(),
        event.data,
        event.trace_parent,
        event.created_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.events.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    id: EventId,
    reach: Reach,
) -> Result<Option<PastEvent>, StoreError> {
    let row = sqlx::query_as!(
        EventRow,
        "SELECT id, type, customer_id, data, trace_parent, created_at
         FROM events WHERE id = $1 AND ($2::uuid IS NULL OR customer_id = $2)",
        id.as_uuid(),
        reach.customer().map(Id::as_uuid)
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(PastEvent::from))
}

/// Newest first, one row more than the page has; of one topic, where one is named.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.events.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    reach: Reach,
    topic: Option<&str>,
    page: PageRequest,
) -> Result<Vec<PastEvent>, StoreError> {
    let rows = sqlx::query_as!(
        EventRow,
        "SELECT id, type, customer_id, data, trace_parent, created_at
         FROM events
         WHERE ($1::uuid IS NULL OR customer_id = $1)
           AND ($2::text IS NULL OR type = $2)
           AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5",
        reach.customer().map(Id::as_uuid),
        topic,
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(PastEvent::from).collect())
}

/// Forgets up to `limit` events that happened before `before`, with their deliveries, but none that is still on its way;
/// how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.events.delete_old", level = "debug", skip_all)]
pub async fn delete_old(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM events WHERE id = ANY (ARRAY(
             SELECT id FROM events
             WHERE created_at < $1
               AND NOT EXISTS (SELECT FROM webhook_deliveries
                               WHERE event_id = events.id AND status = 'pending')
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
