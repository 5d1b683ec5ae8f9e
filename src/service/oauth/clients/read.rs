//! Looks clients up, for administrators; changes nothing.

use scoped_futures::ScopedFutureExt;

use super::ClientError;
use crate::domain::ids::{ClientId, Id};
use crate::domain::oauth::Client;
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::{StoreError, oauth_clients};

/// # Errors
/// [`ClientError::NotFound`], or the store's.
#[tracing::instrument(name = "service.oauth.clients.find", skip_all)]
pub async fn find(
    services: &Services,
    _: Granted<may::ManageOauthClients>,
    id: ClientId,
) -> Result<Client, ClientError> {
    let found: Option<_> = read::<_, StoreError, _>(&services.pool, |conn| {
        oauth_clients::find(conn, id).scope_boxed()
    })
    .await?;
    found.ok_or(ClientError::NotFound)
}

/// The newest first.
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.oauth.clients.list", skip_all)]
pub async fn list(
    services: &Services,
    _: Granted<may::ManageOauthClients>,
    page: PageRequest,
) -> Result<Page<Client>, ClientError> {
    let rows: Vec<Client> = read::<_, StoreError, _>(&services.pool, |conn| {
        oauth_clients::list(conn, page).scope_boxed()
    })
    .await?;
    Ok(Page::cut(rows, page.size, |client| Position {
        created_at: client.created_at,
        id: client.id.as_uuid(),
    }))
}
