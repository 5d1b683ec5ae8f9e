//! Refresh tokens are good for one use; a second use means that two hold it, and ends the whole session.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::error::SessionError;
use super::keys;
use super::refresh_token::RefreshToken;
use super::tokens::{self, Grant, TokenPair};
use crate::domain::audit::Origin;
use crate::service::Services;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record, transact_audited};
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
    origin: &Origin,
    presented: &RefreshToken,
) -> Result<TokenPair, SessionError> {
    let key = keys::current(services).await?;
    let next = RefreshToken::generate(&services.ambient);
    let (old, new) = (presented.hash(), next.hash());
    let author = &Author::stranger(origin.clone());
    let rotation = transact_audited(&services.pool, |conn| {
        async move { rotate(conn, services, author, (&old, &new)).await }.scope_boxed()
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
    author: &Author,
    (old, new): (&TokenHash, &TokenHash),
) -> Result<Audited<Rotation>, SessionError> {
    let now = services.ambient.now();
    let Some(token) = sessions::find_refresh_token_for_update(conn, old).await? else {
        return Ok(Audited::unchanged(Rotation::Refused));
    };
    if token.used_at.is_some() {
        // Who comes again and again with it changes nothing more.
        if !sessions::update_revoked(conn, token.session_id, now).await? {
            return Ok(Audited::unchanged(Rotation::Reused));
        }
        let act = Act::ReuseRefreshToken { session: token.session_id };
        let entry = Entry { act, target: Target::User(token.user_id) };
        return Ok(record(conn, &services.ambient, author, &[entry], Rotation::Reused).await?);
    }
    if !token.access.is_live(now) {
        return Ok(Audited::unchanged(Rotation::Refused));
    }
    sessions::update_refresh_token_used(conn, old, now).await?;
    sessions::insert_refresh_token(conn, token.session_id, new, now).await?;
    // The session goes on as it was opened: its sign-in is in the log.
    Ok(Audited::unchanged(Rotation::Granted(Grant {
        user_id: token.user_id,
        session_id: token.session_id,
        access_epoch: token.access.access_epoch,
        scopes: token.scopes.intersection(token.access.role.scopes()),
    })))
}
