//! Refresh tokens are good for one use; a second use means that two hold it, and ends the whole session.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::error::SessionError;
use super::keys;
use super::refresh_token::RefreshToken;
use super::tokens::{self, Grant, TokenPair};
use crate::domain::access::ScopeSet;
use crate::domain::audit::Origin;
use crate::domain::ids::ClientId;
use crate::service::Services;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record, transact_audited};
use crate::store::sessions::{self, TokenHash};

/// A refresh token, and who shows it.
#[derive(Debug)]
pub(in crate::service) struct Renewal<'a> {
    pub presented: &'a RefreshToken,
    /// The application, which has proved that it is the one; `None`: our own sign-in.
    pub holder: Option<ClientId>,
    /// What the access token is to hold, where that is less than before.
    pub scopes: Option<ScopeSet>,
}

/// What a renewal came to.
#[derive(Debug)]
pub(in crate::service) enum Renewed {
    Granted(TokenPair),
    /// The token is good for nothing, or it is somebody else's.
    Refused,
    /// More was asked for than was ever granted; the token is still good.
    TooMuch,
}

/// What the transaction came to; it commits either way.
enum Rotation {
    Granted(Grant),
    /// The token was used before: the session is revoked now.
    Reused,
    Refused,
    TooMuch,
}

/// Trades a refresh token of our own sign-in for a new pair (OAuth 2.1 draft §4.3.1).
///
/// # Errors
/// [`SessionError::InvalidRefreshToken`], or it could not be decided.
#[tracing::instrument(name = "service.auth.refresh", skip_all)]
pub async fn refresh(
    services: &Services,
    origin: &Origin,
    presented: &RefreshToken,
) -> Result<TokenPair, SessionError> {
    let renewal = Renewal { presented, holder: None, scopes: None };
    match renew(services, origin, &renewal).await? {
        Renewed::Granted(pair) => Ok(pair),
        Renewed::Refused | Renewed::TooMuch => Err(SessionError::InvalidRefreshToken),
    }
}

/// The same for whoever holds it.
///
/// # Errors
/// It could not be decided.
pub(in crate::service) async fn renew(
    services: &Services,
    origin: &Origin,
    renewal: &Renewal<'_>,
) -> Result<Renewed, SessionError> {
    let key = keys::current(services).await?;
    let next = RefreshToken::generate(&services.ambient);
    let (old, new) = (renewal.presented.hash(), next.hash());
    let author = &Author::stranger(origin.clone());
    let rotation = transact_audited(&services.pool, |conn| {
        async move { rotate(conn, services, author, renewal, (&old, &new)).await }.scope_boxed()
    })
    .await?;
    match rotation {
        Rotation::Granted(grant) => {
            Ok(Renewed::Granted(tokens::pair(services, &key, &grant, next)?))
        }
        Rotation::Reused => {
            metrics::counter!("auth_refresh_token_reuses_total").increment(1);
            Ok(Renewed::Refused)
        }
        Rotation::Refused => Ok(Renewed::Refused),
        Rotation::TooMuch => Ok(Renewed::TooMuch),
    }
}

async fn rotate(
    conn: &mut PgConnection,
    services: &Services,
    author: &Author,
    renewal: &Renewal<'_>,
    (old, new): (&TokenHash, &TokenHash),
) -> Result<Audited<Rotation>, SessionError> {
    let now = services.ambient.now();
    let found = sessions::find_refresh_token_for_update(conn, old).await?;
    // Whoever shows another one's token has proved nothing, so nothing becomes of it.
    let held = found.filter(|token| token.access.holder().unzip().0 == renewal.holder);
    let Some(token) = held else { return Ok(Audited::unchanged(Rotation::Refused)) };
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
    let wanted = renewal.scopes.unwrap_or(token.scopes);
    let scopes = token.access.allowed(wanted);
    if !token.scopes.covers(wanted) || (scopes.is_empty() && renewal.holder.is_some()) {
        return Ok(Audited::unchanged(Rotation::TooMuch));
    }
    sessions::update_refresh_token_used(conn, old, now).await?;
    sessions::insert_refresh_token(conn, token.session_id, new, now).await?;
    // The session goes on as it was opened: its sign-in is in the log.
    Ok(Audited::unchanged(Rotation::Granted(Grant {
        user_id: token.user_id,
        session_id: token.session_id,
        application: token.access.holder(),
        access_epoch: token.access.access_epoch,
        scopes,
    })))
}
