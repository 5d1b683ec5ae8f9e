//! Gives an endpoint a new secret; the one before it goes on signing for a day, so that the receiver may change in peace.

use scoped_futures::ScopedFutureExt;

use super::update::owned_for_update;
use super::{EndpointWithSecret, OLD_SECRET_LIVES, WebhookError, Webhooks};
use crate::domain::access::Principal;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::permission::{Granted, may};
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::held::still_holds;
use crate::store::webhook_endpoints;

/// A secret that was old already signs no more. The endpoint belongs to the holder of the permission; `caller` is the same,
/// with what they hold.
///
/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::SignedOut`], or it could not be done.
#[tracing::instrument(name = "service.webhooks.rotate", skip_all)]
pub async fn rotate(
    webhooks: &Webhooks,
    author: &Author,
    granted: Granted<may::ManageWebhooks>,
    caller: &Principal,
    id: WebhookEndpointId,
) -> Result<EndpointWithSecret, WebhookError> {
    let services = &webhooks.services;
    let (secret, sealed) = webhooks.new_secret(id)?;
    let sealed = &sealed;
    let endpoint = transact_audited(&services.pool, move |conn| {
        async move {
            let now = services.ambient.now();
            // The secret would outlive what it was asked for with.
            let held = still_holds(conn, services, caller, granted).await?;
            held.ok_or(WebhookError::SignedOut)?;
            let mut endpoint = owned_for_update(conn, id, granted.holder()).await?;
            let until = now + OLD_SECRET_LIVES;
            webhook_endpoints::update_secret(conn, id, sealed, until, now).await?;
            endpoint.old_secret_until = Some(until);
            endpoint.version += 1;
            endpoint.updated_at = now;
            let target = Target::WebhookEndpoint(id);
            let entry = Entry { act: Act::RotateWebhookSecret, target };
            let recorded = record(conn, &services.ambient, author, &[entry], endpoint).await?;
            Ok::<_, WebhookError>(recorded)
        }
        .scope_boxed()
    })
    .await?;
    Ok(EndpointWithSecret::new(endpoint, &secret))
}
