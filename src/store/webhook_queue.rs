//! Webhook deliveries as their senders see them: leased when they are due, and marked with what became of the try.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::outbox::Lease;
use super::row::RowKey;
use crate::domain::event::PastEvent;
use crate::domain::ids::{DeliveryId, Id, LeaseToken, WebhookEndpointId};
use crate::domain::webhook::EndpointUrl;

/// How many are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub deliveries: i64,
    /// Of each endpoint at most so many, so that one that is slow leaves room for others.
    pub of_each_endpoint: i64,
}

/// Leases deliveries that are due at `now`, the longest due first; those that somebody else is about to lease are left
/// to them.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.lease_due", level = "debug", skip_all)]
pub async fn lease_due(
    conn: &mut PgConnection,
    lease: Lease,
    now: OffsetDateTime,
    wanted: Wanted,
) -> Result<Vec<DeliveryId>, StoreError> {
    // The innermost look is bounded, so that a long queue costs no more than a short one.
    let ids = sqlx::query_scalar!(
        "UPDATE webhook_deliveries SET lease_token = $1, due_at = $2
         WHERE id IN (
             SELECT id FROM webhook_deliveries
             WHERE status = 'pending' AND due_at <= $3 AND id IN (
                 SELECT id FROM (
                     SELECT id, due_at, row_number() OVER (PARTITION BY endpoint_id ORDER BY due_at, id) AS place
                     FROM (SELECT id, endpoint_id, due_at FROM webhook_deliveries
                           WHERE status = 'pending' AND due_at <= $3
                           ORDER BY due_at, id LIMIT 1000) AS due) AS placed
                 WHERE place <= $5 ORDER BY due_at, id LIMIT $4)
             FOR UPDATE SKIP LOCKED)
         RETURNING id",
        lease.token.as_uuid(),
        lease.until,
        now,
        wanted.deliveries,
        wanted.of_each_endpoint
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(DeliveryId::from).collect())
}

/// A delivery that is to be tried, with all that the try needs.
#[derive(Debug, Clone)]
pub struct QueuedDelivery {
    pub id: DeliveryId,
    pub endpoint: WebhookEndpointId,
    pub url: EndpointUrl,
    /// Sealed, as the old one.
    pub secret: Vec<u8>,
    /// Where it still signs.
    pub old_secret: Option<Vec<u8>>,
    pub event: PastEvent,
    /// How often it was tried before.
    pub tries: i32,
    pub begun_at: OffsetDateTime,
    /// Whether the owner may still hear of this event, and wants to.
    pub wanted: bool,
}

struct QueuedRow {
    id: Uuid,
    endpoint_id: Uuid,
    url: String,
    secret: Vec<u8>,
    old_secret: Option<Vec<u8>>,
    event_id: Uuid,
    topic: String,
    customer_id: Uuid,
    data: Value,
    trace_parent: Option<String>,
    happened_at: OffsetDateTime,
    tries: i32,
    begun_at: OffsetDateTime,
    wanted: bool,
}

impl TryFrom<QueuedRow> for QueuedDelivery {
    type Error = StoreError;

    fn try_from(row: QueuedRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "webhook_endpoints", key: &row.endpoint_id };
        Ok(Self {
            id: row.id.into(),
            endpoint: row.endpoint_id.into(),
            url: named.believe("url", EndpointUrl::parse(&row.url))?,
            secret: row.secret,
            old_secret: row.old_secret,
            event: PastEvent {
                id: row.event_id.into(),
                topic: row.topic,
                customer_id: row.customer_id.into(),
                data: row.data,
                trace_parent: row.trace_parent,
                created_at: row.happened_at,
            },
            tries: row.tries,
            begun_at: row.begun_at,
            wanted: row.wanted,
        })
    }
}

/// What was leased under this token; who may hear of everything is told by the names of the `staff` roles.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.webhook_queue.list_leased", level = "debug", skip_all)]
pub async fn list_leased(
    conn: &mut PgConnection,
    (ids, token): (&[DeliveryId], LeaseToken),
    staff: &[String],
    now: OffsetDateTime,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let rows = sqlx::query_as!(
        QueuedRow,
        r#"SELECT delivery.id, endpoint_id, url, secret,
                  CASE WHEN old_secret_until > $4 THEN old_secret END AS old_secret,
                  event_id, event.type AS topic, customer_id, data, trace_parent,
                  event.created_at AS happened_at, tries, begun_at,
                  (disabled_reason IS NULL AND owner.status = 'active'
                   AND (owner.id = customer_id OR owner.role = ANY($3))) AS "wanted!"
           FROM webhook_deliveries delivery
           JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
           JOIN users owner ON owner.id = owner_id
           JOIN events event ON event.id = event_id
           WHERE delivery.id = ANY($1) AND lease_token = $2 AND delivery.status = 'pending'
           ORDER BY delivery.id"#,
        &ids,
        token.as_uuid(),
        staff,
        now
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(QueuedDelivery::try_from).collect()
}

/// The row that a lease holds.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub id: DeliveryId,
    pub token: LeaseToken,
}

/// How a try went.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    pub at: OffsetDateTime,
    pub status_code: Option<u16>,
    /// `None` where the endpoint took it.
    pub error: Option<&'a str>,
}

/// What becomes of a delivery after a try.
#[derive(Debug, Clone, Copy)]
pub enum Next {
    Again(OffsetDateTime),
    Delivered,
    Failed,
}

/// Writes down a try and ends the lease; `false` where it was lost: then nothing has changed.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.update_tried", level = "debug", skip_all)]
pub async fn update_tried(
    conn: &mut PgConnection,
    held: Held,
    tried: Tried<'_>,
    next: Next,
) -> Result<bool, StoreError> {
    let (status, due_at, ended_at) = match next {
        Next::Again(due_at) => ("pending", Some(due_at), None),
        Next::Delivered => ("delivered", None, Some(tried.at)),
        Next::Failed => ("failed", None, Some(tried.at)),
    };
    let done = sqlx::query!(
        "UPDATE webhook_deliveries
         SET status = $3, due_at = coalesce($4, due_at), lease_token = NULL, tries = tries + 1, tried_at = $5,
             status_code = $6, error = $7, ended_at = $8
         WHERE id = $1 AND lease_token = $2 AND status = 'pending'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        status,
        due_at,
        tried.at,
        tried.status_code.map(i32::from),
        tried.error,
        ended_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives up what was not even tried.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.update_failed", level = "debug", skip_all)]
pub async fn update_failed(
    conn: &mut PgConnection,
    held: Held,
    error: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_deliveries SET status = 'failed', error = $3, ended_at = $4, lease_token = NULL
         WHERE id = $1 AND lease_token = $2 AND status = 'pending'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        error,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives deliveries back untried, due at `due_at`.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.update_given_back", level = "debug", skip_all)]
pub async fn update_given_back(
    conn: &mut PgConnection,
    (ids, token): (&[DeliveryId], LeaseToken),
    due_at: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    sqlx::query!(
        "UPDATE webhook_deliveries SET due_at = $3, lease_token = NULL
         WHERE id = ANY($1) AND lease_token = $2 AND status = 'pending'",
        &ids,
        token.as_uuid(),
        due_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts off all that is due for an endpoint, so that nobody looks at it before `until`.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.update_put_off", level = "debug", skip_all)]
pub async fn update_put_off(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_deliveries SET due_at = $2
         WHERE id IN (SELECT id FROM webhook_deliveries
                      WHERE endpoint_id = $1 AND status = 'pending' AND due_at < $2 AND lease_token IS NULL
                      FOR UPDATE SKIP LOCKED)",
        endpoint.as_uuid(),
        until
    )
    .execute(conn)
    .await?;
    Ok(())
}
