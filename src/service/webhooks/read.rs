//! Looks endpoints and deliveries up, for their owners alone; changes nothing.

use scoped_futures::ScopedFutureExt;

use super::{WebhookError, Webhooks};
use crate::domain::ids::{Id, UserId, WebhookEndpointId};
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::webhook::{Delivery, DeliveryStatus, WebhookEndpoint};
use crate::service::transact::read;
use crate::store::{StoreError, webhook_deliveries, webhook_endpoints};

/// # Errors
/// [`WebhookError::NotFound`], or the store's.
#[tracing::instrument(name = "service.webhooks.find", skip_all)]
pub async fn find(
    webhooks: &Webhooks,
    id: WebhookEndpointId,
    owner: UserId,
) -> Result<WebhookEndpoint, WebhookError> {
    let found: Option<_> = read::<_, StoreError, _>(&webhooks.services.pool, |conn| {
        webhook_endpoints::find(conn, id, owner).scope_boxed()
    })
    .await?;
    found.ok_or(WebhookError::NotFound)
}

/// Newest first.
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.webhooks.list", skip_all)]
pub async fn list(
    webhooks: &Webhooks,
    owner: UserId,
    page: PageRequest,
) -> Result<Page<WebhookEndpoint>, WebhookError> {
    let rows: Vec<WebhookEndpoint> = read::<_, StoreError, _>(&webhooks.services.pool, |conn| {
        webhook_endpoints::list(conn, owner, page).scope_boxed()
    })
    .await?;
    Ok(Page::cut(rows, page.size, |endpoint| Position {
        created_at: endpoint.created_at,
        id: endpoint.id.as_uuid(),
    }))
}

/// What was and is to be sent to an endpoint, newest first.
///
/// # Errors
/// [`WebhookError::NotFound`], or the store's.
#[tracing::instrument(name = "service.webhooks.list_deliveries", skip_all)]
pub async fn list_deliveries(
    webhooks: &Webhooks,
    (id, owner): (WebhookEndpointId, UserId),
    status: Option<DeliveryStatus>,
    page: PageRequest,
) -> Result<Page<Delivery>, WebhookError> {
    let rows = read(&webhooks.services.pool, move |conn| {
        async move {
            webhook_endpoints::find(conn, id, owner).await?.ok_or(WebhookError::NotFound)?;
            Ok::<_, WebhookError>(webhook_deliveries::list(conn, id, status, page).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(Page::cut(rows, page.size, |delivery| Position {
        created_at: delivery.created_at,
        id: delivery.id.as_uuid(),
    }))
}
