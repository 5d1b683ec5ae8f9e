//! Signing out: ends the session of a refresh token, and with it every access token of that session.

use scoped_futures::ScopedFutureExt;

use super::error::SessionError;
use super::refresh_token::RefreshToken;
use crate::domain::audit::Origin;
use crate::service::Services;
use crate::service::audit::{
    Act, Actor, Audited, Author, Credential, Entry, Target, record, transact_audited,
};
use crate::store::sessions;

/// Succeeds for a token that nobody knows, too (RFC 7009 §2.2).
///
/// # Errors
/// [`SessionError::Store`].
#[tracing::instrument(name = "service.auth.revoke", skip_all)]
pub async fn revoke(
    services: &Services,
    origin: &Origin,
    presented: &RefreshToken,
) -> Result<(), SessionError> {
    let hash = presented.hash();
    transact_audited(&services.pool, |conn| {
        async move {
            let found = sessions::find_refresh_token_for_update(conn, &hash).await?;
            // An application's is ended by the application, which proves who it is.
            let own = found.filter(|token| token.access.application.is_none());
            let Some(token) = own else { return Ok(Audited::unchanged(())) };
            let now = services.ambient.now();
            if !sessions::update_revoked(conn, token.session_id, now).await? {
                return Ok(Audited::unchanged(()));
            }
            let (id, credential) = (token.user_id, Credential::Session(token.session_id));
            let actor = Actor::User { id, credential };
            let author = Author { actor, origin: origin.clone() };
            let entry = Entry { act: Act::SignOut, target: Target::User(id) };
            Ok(record(conn, &services.ambient, &author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}
