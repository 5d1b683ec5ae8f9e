//! Sends something because an owner asks for it: a delivery once more, or an event made up to try the endpoint with.

use scoped_futures::ScopedFutureExt;
use serde_json::json;
use sqlx::PgConnection;

use super::update::owned_for_update;
use super::{WebhookError, Webhooks};
use crate::domain::event::PastEvent;
use crate::domain::ids::{DeliveryId, UserId, WebhookEndpointId};
use crate::domain::webhook::Delivery;
use crate::service::Cause;
use crate::service::transact::transact;
use crate::store::events;
use crate::store::webhook_deliveries::{self, NewDelivery};

/// The topic of what [`test`] sends; no endpoint can choose it, and none can refuse it.
pub const TEST_TOPIC: &str = "webhook_endpoint.test";

/// Begins a new round of tries under the `webhook-id` that the delivery has had from the start.
///
/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::Disabled`], or the store's.
#[tracing::instrument(name = "service.webhooks.redeliver", skip_all)]
pub async fn redeliver(
    webhooks: &Webhooks,
    (endpoint, delivery): (WebhookEndpointId, DeliveryId),
    owner: UserId,
) -> Result<Delivery, WebhookError> {
    let services = &webhooks.services;
    transact(&services.pool, move |conn| {
        async move {
            enabled(conn, endpoint, owner).await?;
            webhook_deliveries::find(conn, endpoint, delivery)
                .await?
                .ok_or(WebhookError::NotFound)?;
            webhook_deliveries::update_renewed(conn, delivery, services.ambient.now()).await?;
            written(conn, endpoint, delivery).await
        }
        .scope_boxed()
    })
    .await
}

/// Sends this endpoint alone an event of [`TEST_TOPIC`].
///
/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::Disabled`], or the store's.
#[tracing::instrument(name = "service.webhooks.test", skip_all)]
pub async fn test(
    webhooks: &Webhooks,
    (id, owner): (WebhookEndpointId, UserId),
    cause: &Cause,
) -> Result<Delivery, WebhookError> {
    let services = &webhooks.services;
    transact(&services.pool, move |conn| {
        async move {
            enabled(conn, id, owner).await?;
            let now = services.ambient.now();
            let event = PastEvent {
                id: services.ambient.id(),
                topic: TEST_TOPIC.to_owned(),
                customer_id: owner,
                data: json!({ "endpointId": id, "customerId": owner }),
                trace_parent: cause.trace_parent.clone(),
                created_at: now,
            };
            events::insert(conn, &event).await?;
            let delivery = NewDelivery { id: services.ambient.id(), endpoint: id };
            webhook_deliveries::insert(conn, event.id, &[delivery], now).await?;
            written(conn, id, delivery.id).await
        }
        .scope_boxed()
    })
    .await
}

/// Locks the endpoint, so that it can't be disabled meanwhile.
async fn enabled(
    conn: &mut PgConnection,
    id: WebhookEndpointId,
    owner: UserId,
) -> Result<(), WebhookError> {
    let endpoint = owned_for_update(conn, id, owner).await?;
    if endpoint.disabled.is_some() { Err(WebhookError::Disabled) } else { Ok(()) }
}

async fn written(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    delivery: DeliveryId,
) -> Result<Delivery, WebhookError> {
    webhook_deliveries::find(conn, endpoint, delivery).await?.ok_or(WebhookError::NotFound)
}
