//! Webhook delivery rows as their owners see them; how they are leased and sent stands in [`super::webhook_queue`].

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::ids::{DeliveryId, EventId, Id, WebhookEndpointId};
use crate::domain::page::PageRequest;
use crate::domain::webhook::{Delivery, DeliveryStatus};

struct DeliveryRow {
    id: Uuid,
    endpoint_id: Uuid,
    event_id: Uuid,
    topic: String,
    status: String,
    tries: i32,
    due_at: OffsetDateTime,
    tried_at: Option<OffsetDateTime>,
    status_code: Option<i32>,
    error: Option<String>,
    created_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "webhook_deliveries", key: &row.id };
        let status_code = row.status_code.map(u16::try_from).transpose();
        Ok(Self {
            id: row.id.into(),
            endpoint_id: row.endpoint_id.into(),
            event_id: row.event_id.into(),
            topic: row.topic,
            status: named.believe("status", row.status.parse())?,
            tries: named.believe("tries", row.tries.try_into())?,
            due_at: row.ended_at.is_none().then_some(row.due_at),
            tried_at: row.tried_at,
            status_code: named.believe("status_code", status_code)?,
            error: row.error,
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

/// An event that is to go to an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub endpoint: WebhookEndpointId,
}

/// Writes deliveries of one event, due at once.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_deliveries.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    event: EventId,
    deliveries: &[NewDelivery],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = deliveries.iter().map(|delivery| delivery.id.as_uuid()).collect();
    let endpoints: Vec<Uuid> =
        deliveries.iter().map(|delivery| delivery.endpoint.as_uuid()).collect();
    // An endpoint that was removed or disabled meanwhile is told of nothing.
    sqlx::query!(
        "INSERT INTO webhook_deliveries (id, endpoint_id, event_id, status, due_at, created_at)
         SELECT new.id, endpoint.id, $3, 'pending', $4, $4
         FROM unnest($1::uuid[], $2::uuid[]) AS new (id, endpoint_id)
         JOIN webhook_endpoints endpoint ON endpoint.id = new.endpoint_id
         WHERE endpoint.disabled_reason IS NULL AND endpoint.removed_at IS NULL
         FOR SHARE OF endpoint",
        &ids,
        &endpoints,
        event.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One delivery of an endpoint.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.webhook_deliveries.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    sqlx::query_as!(
        DeliveryRow,
        "SELECT delivery.id, endpoint_id, event_id, event.type AS topic, status, tries, due_at, tried_at,
                status_code, error, delivery.created_at, ended_at
         FROM webhook_deliveries delivery JOIN events event ON event.id = event_id
         WHERE delivery.id = $2 AND endpoint_id = $1",
        endpoint.as_uuid(),
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Delivery::try_from)
    .transpose()
}

/// An endpoint's deliveries, newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.webhook_deliveries.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    status: Option<DeliveryStatus>,
    page: PageRequest,
) -> Result<Vec<Delivery>, StoreError> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        "SELECT delivery.id, endpoint_id, event_id, event.type AS topic, status, tries, due_at, tried_at,
                status_code, error, delivery.created_at, ended_at
         FROM webhook_deliveries delivery JOIN events event ON event.id = event_id
         WHERE endpoint_id = $1 AND ($2::text IS NULL OR status = $2)
           AND ($3::timestamptz IS NULL OR (delivery.created_at, delivery.id) < ($3, $4))
         ORDER BY delivery.created_at DESC, delivery.id DESC LIMIT $5",
        endpoint.as_uuid(),
        status.map(DeliveryStatus::as_str),
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Whether the endpoint took anything at all since `since`.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_deliveries.any_delivered", level = "debug", skip_all)]
pub async fn any_delivered(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    since: OffsetDateTime,
) -> Result<bool, StoreError> {
    let any = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM webhook_deliveries
                          WHERE endpoint_id = $1 AND status = 'delivered' AND ended_at >= $2) AS "any!""#,
        endpoint.as_uuid(),
        since
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}

/// Begins a new round of tries, due at once. One that is under way at this moment is the first of it: its lease stands, so
/// that nobody sends beside it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_deliveries.update_renewed", level = "debug", skip_all)]
pub async fn update_renewed(
    conn: &mut PgConnection,
    id: DeliveryId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_deliveries
         SET status = 'pending', round_tries = 0, begun_at = NULL, status_code = NULL, error = NULL, ended_at = NULL,
             due_at = CASE WHEN lease_token IS NOT NULL AND due_at > $2 THEN due_at ELSE $2 END,
             lease_token = CASE WHEN due_at > $2 THEN lease_token END
         WHERE id = $1",
        id.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives up to `limit` deliveries up that are still to be sent to endpoints that are disabled; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.webhook_deliveries.update_abandoned",
    level = "debug",
    skip_all
)]
pub async fn update_abandoned(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE webhook_deliveries
         SET status = 'failed', error = 'the endpoint was disabled', ended_at = $1, lease_token = NULL
         WHERE id = ANY (ARRAY(
             SELECT delivery.id
             FROM webhook_endpoints endpoint JOIN webhook_deliveries delivery ON endpoint_id = endpoint.id
             WHERE disabled_reason IS NOT NULL AND removed_at IS NULL AND status = 'pending'
             LIMIT $2 FOR UPDATE OF delivery SKIP LOCKED))",
        now,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets up to `limit` deliveries to endpoints that were removed; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_deliveries.delete_orphaned", level = "debug", skip_all)]
pub async fn delete_orphaned(conn: &mut PgConnection, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM webhook_deliveries WHERE id = ANY (ARRAY(
             SELECT delivery.id
             FROM webhook_endpoints endpoint JOIN webhook_deliveries delivery ON endpoint_id = endpoint.id
             WHERE removed_at IS NOT NULL LIMIT $1 FOR UPDATE OF delivery SKIP LOCKED))",
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets up to `limit` deliveries that ended before `before`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_deliveries.delete_ended", level = "debug", skip_all)]
pub async fn delete_ended(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM webhook_deliveries WHERE id = ANY (ARRAY(
             SELECT id FROM webhook_deliveries WHERE ended_at < $1
             ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
