//! Changes and removes endpoints, as their owners wish.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::{WebhookError, Webhooks};
use crate::domain::ids::{UserId, WebhookEndpointId};
use crate::domain::webhook::{EndpointChange, WebhookEndpoint};
use crate::service::transact::{read, transact};
use crate::store::{webhook_deliveries, webhook_endpoints};

/// What is still to be sent to an endpoint that becomes disabled is given up; whoever enables it again may have it
/// redelivered.
///
/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::Url`], or the store's.
#[tracing::instrument(name = "service.webhooks.update", skip_all)]
pub async fn update(
    webhooks: &Webhooks,
    (id, owner): (WebhookEndpointId, UserId),
    change: EndpointChange,
) -> Result<WebhookEndpoint, WebhookError> {
    if let Some(url) = &change.url {
        webhooks.sender.check(url.as_url()).await?;
    }
    let (services, change) = (&webhooks.services, &change);
    transact(&services.pool, move |conn| {
        async move {
            let now = services.ambient.now();
            let mut endpoint = owned_for_update(conn, id, owner).await?;
            endpoint.change(change.clone(), now);
            webhook_endpoints::update(conn, &endpoint).await?;
            if endpoint.disabled.is_some() {
                let reason = "the endpoint was disabled";
                webhook_deliveries::update_all_failed(conn, id, reason, now).await?;
            }
            Ok(endpoint)
        }
        .scope_boxed()
    })
    .await
}

/// Removes an endpoint, with all that was and is to be sent to it.
///
/// # Errors
/// [`WebhookError::NotFound`], or the store's.
#[tracing::instrument(name = "service.webhooks.remove", skip_all)]
pub async fn remove(
    webhooks: &Webhooks,
    id: WebhookEndpointId,
    owner: UserId,
) -> Result<(), WebhookError> {
    let removed = read(&webhooks.services.pool, |conn| {
        webhook_endpoints::delete(conn, id, owner).scope_boxed()
    })
    .await?;
    if removed { Ok(()) } else { Err(WebhookError::NotFound) }
}

/// The owner's endpoint, locked.
pub(super) async fn owned_for_update(
    conn: &mut PgConnection,
    id: WebhookEndpointId,
    owner: UserId,
) -> Result<WebhookEndpoint, WebhookError> {
    let endpoint = webhook_endpoints::find_for_update(conn, id).await?;
    endpoint.filter(|endpoint| endpoint.owner_id == owner).ok_or(WebhookError::NotFound)
}
