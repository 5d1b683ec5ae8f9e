//! Changes and removes endpoints, as their owners wish.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::{WebhookError, Webhooks};
use crate::domain::ids::{UserId, WebhookEndpointId};
use crate::domain::version::ExpectedVersion;
use crate::domain::webhook::{EndpointChange, WebhookEndpoint};
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
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
    author: &Author,
    command: &UpdateEndpoint,
) -> Result<WebhookEndpoint, WebhookError> {
    let UpdateEndpoint { id, owner, change, expected_version } = command;
    if let Some(url) = &change.url {
        webhooks.sender.check(url.as_url()).await?;
    }
    let services = &webhooks.services;
    transact_audited(&services.pool, move |conn| {
        async move {
            let mut endpoint = owned_for_update(conn, *id, *owner).await?;
            if !expected_version.includes(endpoint.version) {
                return Err(WebhookError::Changed { version: endpoint.version });
            }
            endpoint.change(change.clone(), services.ambient.now());
            webhook_endpoints::update(conn, &endpoint).await?;
            let act = Act::UpdateWebhookEndpoint { members: members(change) };
            let entry = Entry { act, target: Target::WebhookEndpoint(endpoint.id) };
            Ok(record(conn, &services.ambient, author, &[entry], endpoint).await?)
        }
        .scope_boxed()
    })
    .await
}

/// What was wished to be another, by its name: where it leads may hold a secret.
fn members(change: &EndpointChange) -> Vec<&'static str> {
    let EndpointChange { url, description, topics, status } = change;
    let wished = [
        ("url", url.is_some()),
        ("description", description.is_some()),
        ("events", topics.is_some()),
        ("status", status.is_some()),
    ];
    wished.into_iter().filter(|(_, wished)| *wished).map(|(name, _)| name).collect()
}

/// Removes an endpoint, with all that was and is to be sent to it.
///
/// # Errors
/// [`WebhookError::NotFound`], or the store's.
#[tracing::instrument(name = "service.webhooks.remove", skip_all)]
pub async fn remove(
    webhooks: &Webhooks,
    author: &Author,
    id: WebhookEndpointId,
    owner: UserId,
) -> Result<(), WebhookError> {
    let services = &webhooks.services;
    transact_audited(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            if !webhook_endpoints::update_removed(conn, id, owner, now).await? {
                return Err(WebhookError::NotFound);
            }
            let target = Target::WebhookEndpoint(id);
            let entry = Entry { act: Act::RemoveWebhookEndpoint, target };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
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
