//! Registers an endpoint, once its address was looked at.

use scoped_futures::ScopedFutureExt;

use super::{EndpointWithSecret, MOST_ENDPOINTS, WebhookError, Webhooks};
use crate::domain::access::Principal;
use crate::domain::permission::{Granted, may};
use crate::domain::user::UserStatus;
use crate::domain::webhook::{
    Circuit, EndpointDescription, EndpointUrl, TopicFilter, WebhookEndpoint,
};
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::held::still_holds;
use crate::store::{users, webhook_endpoints};

/// What is told to whom.
#[derive(Debug, Clone)]
pub struct CreateEndpoint {
    pub url: EndpointUrl,
    pub topics: TopicFilter,
    pub description: EndpointDescription,
}

/// The endpoint belongs to the holder of the permission; `maker` is the same, with what they hold.
///
/// # Errors
/// [`WebhookError::Url`], [`WebhookError::TooMany`], [`WebhookError::NotFound`] where the owner is gone meanwhile,
/// [`WebhookError::SignedOut`], or it could not be done.
#[tracing::instrument(name = "service.webhooks.create", skip_all)]
pub async fn create(
    webhooks: &Webhooks,
    author: &Author,
    granted: Granted<may::ManageWebhooks>,
    maker: &Principal,
    command: CreateEndpoint,
) -> Result<EndpointWithSecret, WebhookError> {
    webhooks.sender.check(command.url.as_url()).await?;
    let services = &webhooks.services;
    let now = services.ambient.now();
    let endpoint = WebhookEndpoint {
        id: services.ambient.id(),
        owner_id: granted.holder(),
        url: command.url,
        description: command.description,
        topics: command.topics,
        disabled: None,
        url_since: now,
        old_secret_until: None,
        circuit: Circuit::default(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let (secret, sealed) = webhooks.new_secret(endpoint.id)?;
    let (endpoint, sealed) = (&endpoint, &sealed);
    transact_audited(&services.pool, move |conn| {
        async move {
            // Held until the end, so that two at once don't both find room for the last one.
            let owner = users::find_for_update(conn, endpoint.owner_id).await?;
            if owner.is_none_or(|owner| owner.status != UserStatus::Active) {
                return Err(WebhookError::NotFound);
            }
            // An endpoint would outlive what it was asked for with.
            let held = still_holds(conn, services, maker, granted).await?;
            held.ok_or(WebhookError::SignedOut)?;
            if webhook_endpoints::count(conn, endpoint.owner_id).await? >= MOST_ENDPOINTS {
                return Err(WebhookError::TooMany { most: MOST_ENDPOINTS });
            }
            webhook_endpoints::insert(conn, endpoint, sealed).await?;
            let target = Target::WebhookEndpoint(endpoint.id);
            let entry = Entry { act: Act::CreateWebhookEndpoint, target };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(EndpointWithSecret::new(endpoint.clone(), &secret))
}
