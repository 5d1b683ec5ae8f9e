//! Signing out: ends the session of a refresh token, and with it every access token of that session.

use scoped_futures::ScopedFutureExt;

use super::error::SessionError;
use super::refresh_token::RefreshToken;
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::sessions;

/// Succeeds for a token that nobody knows, too (RFC 7009 §2.2).
///
/// # Errors
/// [`SessionError::Store`].
#[tracing::instrument(name = "service.auth.revoke", skip_all)]
pub async fn revoke(services: &Services, presented: &RefreshToken) -> Result<(), SessionError> {
    let hash = presented.hash();
    transact(&services.pool, |conn| {
        async move {
            if let Some(token) = sessions::find_refresh_token_for_update(conn, &hash).await? {
                sessions::update_revoked(conn, token.session_id, services.ambient.now()).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}
