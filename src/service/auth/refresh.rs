//! Refresh tokens are good for one use; a second use means that two hold it, and ends the whole session.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::error::SessionError;
use super::keys;
use super::refresh_token::RefreshToken;
use super::tokens::{self, Grant, TokenPair};
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::sessions::{self, TokenHash};

/// What the transaction came to; it commits either way.
enum Rotation {
    Granted(Grant),
    /// The token was used before: the session is revoked now.
    Reused,
    Refused,
}

/// Trades a refresh token for a new pair (OAuth 2.1 draft §4.3.1).
///
/// # Errors
/// [`SessionError::InvalidRefreshToken`], or it could not be decided.
#[tracing::instrument(name = "service.auth.refresh", skip_all)]
pub async fn refresh(
    services: &Services,
    presented: &RefreshToken,
) -> Result<TokenPair, SessionError> {
    let key = keys::current(services).await?;
    let next = RefreshToken::generate(&services.ambient);
    let (old, new) = (presented.hash(), next.hash());
    let rotation = transact(&services.pool, |conn| {
        async move { rotate(conn, services, &old, &new).await }.scope_boxed()
    })
    .await?;
    match rotation {
        Rotation::Granted(grant) => tokens::pair(services, &key, &grant, next),
        Rotation::Reused => {
            metrics::counter!("auth_refresh_token_reuses_total").increment(1);
            Err(SessionError::InvalidRefreshToken)
        }
        Rotation::Refused => Err(SessionError::InvalidRefreshToken),
    }
}

async fn rotate(
    conn: &mut PgConnection,
    services: &Services,
    old: &TokenHash,
    new: &TokenHash,
) -> Result<Rotation, SessionError> {
    let now = services.ambient.now();
    let Some(token) = sessions::find_refresh_token_for_update(conn, old).await? else {
        return Ok(Rotation::Refused);
    };
    if token.used_at.is_some() {
        sessions::update_revoked(conn, token.session_id, now).await?;
        return Ok(Rotation::Reused);
    }
    if !token.access.is_live(now) {
        return Ok(Rotation::Refused);
    }
    sessions::update_refresh_token_used(conn, old, now).await?;
    sessions::insert_refresh_token(conn, token.session_id, new, now).await?;
    Ok(Rotation::Granted(Grant {
        user_id: token.user_id,
        session_id: token.session_id,
        access_epoch: token.access.access_epoch,
        scopes: token.scopes.intersection(token.access.role.scopes()),
    }))
}
