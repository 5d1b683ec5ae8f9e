//! A client gives its tokens back (RFC 7009): whichever of them it shows, the whole session ends.

use scoped_futures::ScopedFutureExt;

use super::OauthError;
use super::introspect::good;
use crate::domain::access::{Credential, Mandate};
use crate::domain::audit::Origin;
use crate::domain::ids::{ClientId, SessionId, UserId};
use crate::domain::oauth::Client;
use crate::service::Services;
use crate::service::audit::{Act, Actor, Audited, Author, Entry, Target, record, transact_audited};
use crate::service::auth::refresh_token::RefreshToken;
use crate::service::auth::tokens;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::sessions::{self, RefreshRecord};

/// The session of a token, and whose it is.
struct Held {
    session: SessionId,
    user: UserId,
    holder: Option<(ClientId, Mandate)>,
}

/// Succeeds for a token that nobody knows, or that is over already, too (§2.2).
///
/// # Errors
/// [`OauthError::InvalidGrant`] for one that was issued to somebody else (§2.1); or it could not be done.
#[tracing::instrument(name = "service.oauth.revoke", skip_all)]
pub async fn revoke(
    services: &Services,
    origin: &Origin,
    client: &Client,
    token: &str,
) -> Result<(), OauthError> {
    let Some(held) = find(services, token).await? else { return Ok(()) };
    let Some((_, mandate)) = held.holder.filter(|(holder, _)| *holder == client.id) else {
        return Err(OauthError::InvalidGrant);
    };
    let Held { session, user, .. } = held;
    transact_audited(&services.pool, |conn| {
        async move {
            if !sessions::update_revoked(conn, session, services.ambient.now()).await? {
                return Ok(Audited::unchanged(()));
            }
            let credential = Credential::Application { session, client: client.id, mandate };
            let actor = Actor::User { id: user, credential };
            let author = Author { actor, origin: origin.clone() };
            let target = Target::OauthClient(client.id);
            let entry = Entry { act: Act::RevokeTokens { session }, target };
            Ok(record(conn, &services.ambient, &author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}

async fn find(services: &Services, token: &str) -> Result<Option<Held>, OauthError> {
    if let Some(token) = RefreshToken::parse(token) {
        let hash = &token.hash();
        let found: Option<RefreshRecord> = read::<_, StoreError, _>(&services.pool, |conn| {
            sessions::find_refresh_token(conn, hash).scope_boxed()
        })
        .await?;
        return Ok(found.map(|token| Held {
            session: token.session_id,
            user: token.user_id,
            holder: token.access.holder(),
        }));
    }
    let bearer = good(tokens::identify(services, token).await)?;
    Ok(bearer.map(|bearer| Held {
        session: bearer.session(),
        user: bearer.user_id,
        holder: bearer.application(),
    }))
}
