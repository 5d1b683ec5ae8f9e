//! Changes and removes endpoints, as their owners wish.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::{WebhookError, Webhooks};
use crate::domain::ids::{UserId, WebhookEndpointId};
use crate::domain::version::ExpectedVersion;
use crate::domain::webhook::{EndpointChange, WebhookEndpoint};
use crate::service::transact::{read, transact};
use crate::store::webhook_endpoints;

/// What an owner wishes of an endpoint.
#[derive(Debug, Clone)]
pub struct UpdateEndpoint {
    pub id: WebhookEndpointId,
    pub owner: UserId,
    pub change: EndpointChange,
    pub expected_version: ExpectedVersion,
}

/// What is still to be sent to an endpoint that becomes disabled is given up; whoever enables it again may have it
/// redelivered.
///
/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::Url`], [`WebhookError::Changed`], or the store's.
#[tracing::instrument(name = "service.webhooks.update", skip_all)]
pub async fn update(
    webhooks: &Webhooks,
    command: &UpdateEndpoint,
) -> Result<WebhookEndpoint, WebhookError> {
    let UpdateEndpoint { id, owner, change, expected_version } = command;
    if let Some(url) = &change.url {
        webhooks.sender.check(url.as_url()).await?;
    }
    let services = &webhooks.services;
    transact(&services.pool, move |conn| {
        async move {
            let mut endpoint = owned_for_update(conn, *id, *owner).await?;
            if !expected_version.includes(endpoint.version) {
                return Err(WebhookError::Changed { version: endpoint.version });
            }
            endpoint.change(change.clone(), services.ambient.now());
            webhook_endpoints::update(conn, &endpoint).await?;
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
    let services = &webhooks.services;
    let removed = read(&services.pool, |conn| {
        webhook_endpoints::update_removed(conn, id, owner, services.ambient.now()).scope_boxed()
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
