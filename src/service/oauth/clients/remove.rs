//! Removes a client, with all that was granted to it.

use scoped_futures::ScopedFutureExt;

use super::ClientError;
use crate::domain::ids::ClientId;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::store::oauth_clients;

/// In force everywhere once it returns: its sessions are gone, and every use of a token looks its session up.
///
/// # Errors
/// [`ClientError::NotFound`], or the store's.
#[tracing::instrument(name = "service.oauth.clients.remove", skip_all)]
pub async fn remove(
    services: &Services,
    author: &Author,
    _: Granted<may::ManageOauthClients>,
    id: ClientId,
) -> Result<(), ClientError> {
    transact_audited(&services.pool, |conn| {
        async move {
            if !oauth_clients::delete(conn, id).await? {
                return Err(ClientError::NotFound);
            }
            let entry = Entry { act: Act::RemoveOauthClient, target: Target::OauthClient(id) };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}
