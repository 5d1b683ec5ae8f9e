//! Who asks for tokens (RFC 6749 §2.3): a client that keeps a secret shows it, another one says its name and proves
//! itself by what only it can hold. Unknown or wrong, the work and the answer are the same.

use scoped_futures::ScopedFutureExt;
use secrecy::SecretString;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;
use uuid::Uuid;

use super::OauthError;
use super::client_secret;
use crate::domain::ids::ClientId;
use crate::domain::oauth::{Client, ClientKind};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::oauth_clients::{self, ClientSecrets, SecretHash};

/// What a client shows of itself.
#[derive(Debug, Clone)]
pub struct ShownClient {
    /// `None` where the text can't be a client's id.
    pub id: Option<ClientId>,
    pub secret: Option<SecretString>,
}

/// # Errors
/// [`OauthError::InvalidClient`], or the store's.
#[tracing::instrument(name = "service.oauth.authenticate", skip_all)]
pub async fn authenticate(services: &Services, shown: &ShownClient) -> Result<Client, OauthError> {
    // Nobody's id: no client, but the same work.
    let id = shown.id.unwrap_or_else(|| Uuid::nil().into());
    let nothing = SecretString::default();
    let hash = client_secret::hash(services, id, shown.secret.as_ref().unwrap_or(&nothing));
    let found: Option<ClientSecrets> = read::<_, StoreError, _>(&services.pool, |conn| {
        oauth_clients::find_secrets(conn, id).scope_boxed()
    })
    .await?;
    let now = services.ambient.now();
    let right = proves(found.as_ref(), &hash, now);
    let found = found.ok_or(OauthError::InvalidClient)?;
    match (found.client.kind, &shown.secret) {
        (ClientKind::Confidential, Some(_)) if right => Ok(found.client),
        // Whoever sends a secret for a client without one takes it for another.
        (ClientKind::Public, None) => Ok(found.client),
        (ClientKind::Confidential | ClientKind::Public, _) => Err(OauthError::InvalidClient),
    }
}

/// Whether it is one of the client's secrets; compared with two, whatever there is.
fn proves(found: Option<&ClientSecrets>, hash: &SecretHash, now: OffsetDateTime) -> bool {
    let none = [0_u8; 32];
    let kept = found.and_then(|found| found.secret_hash.as_deref());
    let old = found.and_then(|found| {
        let until = found.client.old_secret_until.filter(|until| now < *until);
        found.old_secret_hash.as_deref().filter(|_| until.is_some())
    });
    let is = |known: Option<&[u8]>| {
        let same = bool::from(known.unwrap_or(&none).ct_eq(hash.as_slice()));
        same && known.is_some()
    };
    let (present, before) = (is(kept), is(old));
    present || before
}
