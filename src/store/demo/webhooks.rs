//! The demo's webhook endpoints, written whether or not they are there; only a seeding writes so.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::event::PastEvent;
use crate::domain::ids::{DeliveryId, Id, WebhookEndpointId};
use crate::domain::webhook::WebhookEndpoint;
use crate::store::{StoreError, events};

/// Makes an endpoint that hears of everything, or lets the one that is there lead to the same address.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.webhooks.upsert_endpoint", level = "debug", skip_all)]
pub async fn upsert_endpoint(
    conn: &mut PgConnection,
    endpoint: &WebhookEndpoint,
    sealed_secret: &[u8],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO webhook_endpoints (id, owner_id, url, url_since, description, secret, created_at, updated_at)
         VALUES ($1, $2, $3, $6, $4, $5, $6, $6)
         ON CONFLICT (id) DO UPDATE SET url = excluded.url, url_since = excluded.url_since
         WHERE webhook_endpoints.removed_at IS NULL",
        endpoint.id.as_uuid(),
        endpoint.owner_id.as_uuid(),
        endpoint.url.as_str(),
        endpoint.description.as_str(),
        sealed_secret,
        endpoint.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A delivery that was taken at the first try.
#[derive(Debug, Clone, Copy)]
pub struct PastDelivery {
    pub id: DeliveryId,
    pub endpoint: WebhookEndpointId,
    pub at: OffsetDateTime,
}

/// An event and its delivery, where they are not there yet.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.webhooks.insert_past", level = "debug", skip_all)]
pub async fn insert_past(
    conn: &mut PgConnection,
    event: &PastEvent,
    delivery: PastDelivery,
) -> Result<(), StoreError> {
    events::insert(conn, event).await?;
    sqlx::query!(
        "INSERT INTO webhook_deliveries (id, endpoint_id, event_id, status, due_at, tries, round_tries, begun_at, tried_at,
                                         status_code, created_at, ended_at)
         VALUES ($1, $2, $3, 'delivered', $4, 1, 1, $4, $4, 204, $4, $4)
         ON CONFLICT (endpoint_id, event_id) DO NOTHING",
        delivery.id.as_uuid(),
        delivery.endpoint.as_uuid(),
        event.id.as_uuid(),
        delivery.at
    )
    .execute(conn)
    .await?;
    Ok(())
}
