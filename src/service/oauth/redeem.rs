//! Trading a code in: it is good once, for the client it was issued to, who knows what it asked with. One that comes a second
//! time is in two hands, and ends what came of it (OAuth 2.1 draft §4.1.3).

use sqlx::PgConnection;

use super::OauthError;
use super::token::{CodeTrade, told};
use crate::domain::access::{Mandate, ScopeSet};
use crate::domain::audit::Origin;
use crate::domain::ids::{ClientId, SessionId};
use crate::domain::oauth::{Client, GrantType};
use crate::domain::user::UserStatus;
use crate::service::Services;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record};
use crate::service::auth::SESSION_LIVES;
use crate::service::auth::tokens::Grant;
use crate::store::oauth_codes::{self, CodeHash, CodeRecord};
use crate::store::sessions::{self, NewSession, TokenHash};
use crate::store::users::{self, Credentials};
use crate::store::{oauth_clients, oauth_consents};

/// What was shown, by whom.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub origin: &'a Origin,
    /// It has proved that it is the one.
    pub client: ClientId,
    pub trade: &'a CodeTrade,
    pub code: &'a CodeHash,
    /// Of the refresh token that the client gets, where it may have one.
    pub refresh: &'a TokenHash,
}

/// What the transaction came to; it commits either way.
pub(super) enum Redemption {
    Granted {
        grant: Grant,
        renewable: bool,
    },
    /// The code was used before: what came of it is revoked now.
    Reused,
    Refused,
}

/// Locks client, user and code, in this order: whoever removes one of the first two forgets its codes afterwards.
///
/// # Errors
/// The store's.
pub(super) async fn redeem(
    conn: &mut PgConnection,
    services: &Services,
    shown: &Shown<'_>,
) -> Result<Audited<Redemption>, OauthError> {
    let refused = || Ok(Audited::unchanged(Redemption::Refused));
    let client = oauth_clients::find_for_share(conn, shown.client).await?;
    let may = |client: &Client| client.may_use(GrantType::AuthorizationCode);
    let Some(client) = client.filter(may) else { return refused() };
    let Some(known) = oauth_codes::find(conn, shown.code).await? else { return refused() };
    let user = users::find_credentials_for_share(conn, known.user_id).await?;
    let locked = oauth_codes::find_for_update(conn, shown.code).await?;
    // Who shows another client's code has proved nothing, so nothing becomes of it.
    let Some(code) = locked.filter(|code| code.client == client.id) else { return refused() };
    if let Some(session) = code.session {
        return end(conn, services, shown, (&code, session)).await;
    }
    let holds = |user: &Credentials| {
        user.status == UserStatus::Active && user.access_epoch == code.access_epoch
    };
    let Some(user) = user.filter(holds) else { return refused() };
    if !client.accepts(&code.redirect_uri) || !is_right(&code, shown, services) {
        return refused();
    }
    // It may have been withdrawn since the code was issued.
    let consent = oauth_consents::find(conn, (code.user_id, client.id)).await?;
    let consented = consent.map(|consent| consent.scopes).unwrap_or_default();
    let allowed = client.scopes.intersection(user.role.scopes()).intersection(consented);
    let scopes = code.scopes.intersection(allowed);
    if scopes.is_empty() {
        return refused();
    }
    open(conn, services, shown, &client, (&code, scopes)).await
}

/// Whether the time, the address and the proof are right.
fn is_right(code: &CodeRecord, shown: &Shown<'_>, services: &Services) -> bool {
    let CodeTrade { redirect_uri, verifier, .. } = shown.trade;
    let address = match redirect_uri {
        Some(named) => *named == code.redirect_uri,
        // Where it was named before it must be named again.
        None => !code.redirect_uri_given,
    };
    let proof = verifier.as_ref().is_some_and(|verifier| verifier.answers(&code.challenge));
    services.ambient.now() < code.expires_at && address && proof
}

async fn end(
    conn: &mut PgConnection,
    services: &Services,
    shown: &Shown<'_>,
    (code, session): (&CodeRecord, SessionId),
) -> Result<Audited<Redemption>, OauthError> {
    if !sessions::update_revoked(conn, session, services.ambient.now()).await? {
        return Ok(Audited::unchanged(Redemption::Reused));
    }
    let entry = Entry { act: Act::ReuseCode { session }, target: Target::User(code.user_id) };
    let author = Author::stranger(shown.origin.clone());
    Ok(record(conn, &services.ambient, &author, &[entry], Redemption::Reused).await?)
}

async fn open(
    conn: &mut PgConnection,
    services: &Services,
    shown: &Shown<'_>,
    client: &Client,
    (code, scopes): (&CodeRecord, ScopeSet),
) -> Result<Audited<Redemption>, OauthError> {
    let (application, now) = ((client.id, Mandate::Consent), services.ambient.now());
    let session = NewSession {
        id: services.ambient.id(),
        user_id: code.user_id,
        application: Some(application),
        scopes,
        created_at: now,
        expires_at: now + SESSION_LIVES,
    };
    sessions::insert(conn, &session).await?;
    oauth_codes::update_used(conn, shown.code, session.id, now).await?;
    let renewable = client.may_use(GrantType::RefreshToken);
    if renewable {
        sessions::insert_refresh_token(conn, session.id, shown.refresh, now).await?;
    }
    let grant = Grant {
        user_id: code.user_id,
        session_id: session.id,
        application: Some(application),
        access_epoch: code.access_epoch,
        scopes,
    };
    let (author, entry) = told(shown.origin, &grant, application);
    let granted = Redemption::Granted { grant, renewable };
    Ok(record(conn, &services.ambient, &author, &[entry], granted).await?)
}
