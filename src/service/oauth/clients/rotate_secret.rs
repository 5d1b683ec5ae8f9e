//! Gives a client a new secret; the one before it stays good for a day, so that its programs may change in peace.

use scoped_futures::ScopedFutureExt;

use super::{ClientError, ClientWithSecret, OLD_SECRET_LIVES};
use crate::domain::access::Principal;
use crate::domain::ids::ClientId;
use crate::domain::oauth::ClientKind;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::held::still_holds;
use crate::service::oauth::client_secret::MadeSecret;
use crate::store::oauth_clients;

/// A secret that was old already is good for nothing from then on. `caller` is who holds the permission.
///
/// # Errors
/// [`ClientError::NotFound`], [`ClientError::KeepsNoSecret`], [`ClientError::SignedOut`], or the store's.
#[tracing::instrument(name = "service.oauth.clients.rotate_secret", skip_all)]
pub async fn rotate_secret(
    services: &Services,
    author: &Author,
    granted: Granted<may::ManageOauthClients>,
    caller: &Principal,
    id: ClientId,
) -> Result<ClientWithSecret, ClientError> {
    let MadeSecret { shown, hash } = MadeSecret::generate(services, id);
    let now = services.ambient.now();
    let old_until = now + OLD_SECRET_LIVES;
    let client = transact_audited::<_, ClientError, _>(&services.pool, |conn| {
        async move {
            // The secret would outlive what it was asked for with.
            let held = still_holds(conn, services, caller, granted).await?;
            held.ok_or(ClientError::SignedOut)?;
            let found = oauth_clients::find_for_update(conn, id).await?;
            let mut client = found.ok_or(ClientError::NotFound)?;
            if client.kind == ClientKind::Public {
                return Err(ClientError::KeepsNoSecret);
            }
            client.old_secret_until = Some(old_until);
            client.version += 1;
            client.updated_at = now;
            oauth_clients::update_secret(conn, id, &hash, old_until).await?;
            oauth_clients::update(conn, &client).await?;
            let entry = Entry { act: Act::RotateOauthSecret, target: Target::OauthClient(id) };
            Ok(record(conn, &services.ambient, author, &[entry], client).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(ClientWithSecret { client, secret: Some(shown) })
}
