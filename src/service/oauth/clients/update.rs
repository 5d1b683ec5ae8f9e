//! Changes what a client is; what it may no longer do, its tokens may no longer do either.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::{ClientError, check_account};
use crate::domain::access::{Mandate, ScopeSet};
use crate::domain::ids::{ClientId, UserId};
use crate::domain::oauth::{Client, ClientName, GrantType, RedirectUri};
use crate::domain::permission::{Granted, may};
use crate::domain::version::ExpectedVersion;
use crate::service::Services;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record, transact_audited};
use crate::store::{StoreError, oauth_clients, sessions};

/// What is to change; what is `None` stays.
#[derive(Debug, Clone)]
pub struct ClientChange {
    pub name: Option<ClientName>,
    pub redirect_uris: Option<Vec<RedirectUri>>,
    pub grants: Option<Vec<GrantType>>,
    pub scopes: Option<ScopeSet>,
    pub account: AccountChange,
}

/// What becomes of the account that a client acts on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    Keep,
    Clear,
    Set(UserId),
}

/// What an administrator wishes of a client.
#[derive(Debug, Clone)]
pub struct UpdateClient {
    pub id: ClientId,
    pub change: ClientChange,
    /// What the caller saw; the change is refused where it is another by now.
    pub expected_version: ExpectedVersion,
}

/// # Errors
/// [`ClientError::NotFound`], [`ClientError::Changed`], [`ClientError::Inconsistent`], or the store's.
#[tracing::instrument(name = "service.oauth.clients.update", skip_all)]
pub async fn update(
    services: &Services,
    author: &Author,
    _: Granted<may::ManageOauthClients>,
    command: &UpdateClient,
) -> Result<Client, ClientError> {
    transact_audited(&services.pool, |conn| {
        async move {
            let found = oauth_clients::find_for_update(conn, command.id).await?;
            let before = found.ok_or(ClientError::NotFound)?;
            if !command.expected_version.includes(before.version) {
                return Err(ClientError::Changed { version: before.version });
            }
            let mut client = changed(&before, &command.change);
            let members = members(&before, &client);
            if members.is_empty() {
                return Ok(Audited::unchanged(before));
            }
            client.check()?;
            // The account that it has may be disabled by now: then it can still be cut down.
            match client.account {
                Some(account) if before.account != client.account => {
                    check_account(conn, account).await?;
                }
                Some(_) | None => {}
            }
            client.version += 1;
            client.updated_at = services.ambient.now();
            oauth_clients::update(conn, &client).await?;
            end_what_is_over(conn, services, &before, &client).await?;
            let act = Act::UpdateOauthClient { members, account: client.account };
            let entry = Entry { act, target: Target::OauthClient(client.id) };
            Ok(record(conn, &services.ambient, author, &[entry], client).await?)
        }
        .scope_boxed()
    })
    .await
}

fn changed(before: &Client, change: &ClientChange) -> Client {
    let mut client = before.clone();
    let ClientChange { name, redirect_uris, grants, scopes, account } = change.clone();
    client.name = name.unwrap_or(client.name);
    client.redirect_uris = redirect_uris.unwrap_or(client.redirect_uris);
    client.grants = grants.unwrap_or(client.grants);
    client.scopes = scopes.unwrap_or(client.scopes);
    client.account = match account {
        AccountChange::Keep => client.account,
        AccountChange::Clear => None,
        AccountChange::Set(account) => Some(account),
    };
    client
}

/// What is another now, by its name.
fn members(before: &Client, after: &Client) -> Vec<&'static str> {
    let compared = [
        ("name", before.name != after.name),
        ("redirectUris", before.redirect_uris != after.redirect_uris),
        ("grants", before.grants != after.grants),
        ("scopes", before.scopes != after.scopes),
        ("accountId", before.account != after.account),
    ];
    compared.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// Ends the sessions that the client could not open any more. Scopes are cut with each use of a token.
async fn end_what_is_over(
    conn: &mut PgConnection,
    services: &Services,
    before: &Client,
    after: &Client,
) -> Result<(), StoreError> {
    let now = services.ambient.now();
    if before.account.is_some() && before.account != after.account {
        let right = (after.id, Mandate::Own);
        sessions::update_all_revoked_of_client(conn, right, None, now).await?;
    }
    if !after.may_use(GrantType::AuthorizationCode) {
        let right = (after.id, Mandate::Consent);
        sessions::update_all_revoked_of_client(conn, right, None, now).await?;
    }
    Ok(())
}
