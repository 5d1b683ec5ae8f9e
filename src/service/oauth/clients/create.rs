//! Registers a client.

use scoped_futures::ScopedFutureExt;

use super::{ClientError, ClientWithSecret, check};
use crate::domain::access::{Principal, ScopeSet};
use crate::domain::ids::UserId;
use crate::domain::oauth::{Client, ClientKind, ClientName, GrantType, RedirectUri};
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::held::still_holds;
use crate::service::oauth::client_secret::MadeSecret;
use crate::store::oauth_clients;

/// What the client is to be.
#[derive(Debug, Clone)]
pub struct CreateClient {
    pub name: ClientName,
    pub kind: ClientKind,
    pub redirect_uris: Vec<RedirectUri>,
    pub grants: Vec<GrantType>,
    pub scopes: ScopeSet,
    pub account: Option<UserId>,
}

/// `maker` is who holds the permission.
///
/// # Errors
/// [`ClientError::Inconsistent`], [`ClientError::SignedOut`], or the store's.
#[tracing::instrument(name = "service.oauth.clients.create", skip_all)]
pub async fn create(
    services: &Services,
    author: &Author,
    granted: Granted<may::ManageOauthClients>,
    maker: &Principal,
    command: CreateClient,
) -> Result<ClientWithSecret, ClientError> {
    let (id, now) = (services.ambient.id(), services.ambient.now());
    let secret = match command.kind {
        ClientKind::Confidential => Some(MadeSecret::generate(services, id)),
        ClientKind::Public => None,
    };
    let client = Client {
        id,
        name: command.name,
        kind: command.kind,
        redirect_uris: command.redirect_uris,
        grants: command.grants,
        scopes: command.scopes,
        account: command.account,
        old_secret_until: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let (stored, hash) = (&client, secret.as_ref().map(|secret| &secret.hash));
    transact_audited::<_, ClientError, _>(&services.pool, move |conn| {
        async move {
            // A client would outlive what it was asked for with.
            let held = still_holds(conn, services, maker, granted).await?;
            held.ok_or(ClientError::SignedOut)?;
            check(conn, stored).await?;
            oauth_clients::insert(conn, stored, hash).await?;
            let act = Act::CreateOauthClient { scopes: stored.scopes, account: stored.account };
            let entry = Entry { act, target: Target::OauthClient(stored.id) };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(ClientWithSecret { client, secret: secret.map(|secret| secret.shown) })
}
