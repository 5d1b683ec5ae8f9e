//! Trades a grant for tokens (RFC 6749 §4, OAuth 2.1): what a client gets is never more than it may ask for and its user may.

use scoped_futures::ScopedFutureExt;
use secrecy::SecretString;
use sqlx::PgConnection;
use time::Duration;

use super::redeem::{self, Redemption};
use super::{Code, OauthError};
use crate::domain::access::{Credential, Mandate, ScopeSet};
use crate::domain::audit::Origin;
use crate::domain::ids::{ClientId, UserId};
use crate::domain::oauth::pkce::CodeVerifier;
use crate::domain::oauth::{Client, GrantType};
use crate::domain::user::UserStatus;
use crate::service::Services;
use crate::service::audit::{Act, Actor, Audited, Author, Entry, Target, record, transact_audited};
use crate::service::auth::refresh::{Renewal, Renewed, renew};
use crate::service::auth::refresh_token::RefreshToken;
use crate::service::auth::tokens::{self, Grant, TokenPair};
use crate::service::auth::{ACCESS_TOKEN_LIVES, keys};
use crate::store::sessions::{self, NewSession};
use crate::store::{oauth_clients, users};

/// What a client trades in.
#[derive(Debug)]
pub enum GrantRequest {
    AuthorizationCode(CodeTrade),
    RefreshToken {
        /// `None` where the text can't be one.
        token: Option<RefreshToken>,
        /// Less than was granted, if anything is said.
        scopes: Option<ScopeSet>,
    },
    ClientCredentials {
        /// All that the client may ask for, if nothing is said.
        scopes: Option<ScopeSet>,
    },
}

/// A code, with the proof that it is in the right hands.
#[derive(Debug)]
pub struct CodeTrade {
    /// `None` where the text can't be one.
    pub code: Option<Code>,
    pub redirect_uri: Option<String>,
    /// `None` where the text can't be one.
    pub verifier: Option<CodeVerifier>,
}

/// What a client gets (RFC 6749 §5.1).
#[derive(Debug, Clone)]
pub struct Issued {
    pub access_token: SecretString,
    /// From now until the access token expires.
    pub expires_in: Duration,
    pub refresh_token: Option<SecretString>,
    pub scopes: ScopeSet,
}

impl From<TokenPair> for Issued {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access_token,
            expires_in: pair.expires_in,
            refresh_token: Some(pair.refresh_token),
            scopes: pair.scopes,
        }
    }
}

/// # Errors
/// [`OauthError`].
#[tracing::instrument(name = "service.oauth.grant", skip_all)]
pub async fn grant(
    services: &Services,
    origin: &Origin,
    client: &Client,
    request: &GrantRequest,
) -> Result<Issued, OauthError> {
    let way = match request {
        GrantRequest::AuthorizationCode(_) => GrantType::AuthorizationCode,
        GrantRequest::RefreshToken { .. } => GrantType::RefreshToken,
        GrantRequest::ClientCredentials { .. } => GrantType::ClientCredentials,
    };
    if !client.may_use(way) {
        return Err(OauthError::UnauthorizedClient);
    }
    match request {
        GrantRequest::AuthorizationCode(trade) => redeem(services, origin, client, trade).await,
        GrantRequest::RefreshToken { token, scopes } => {
            refresh(services, origin, client, (token.as_ref(), *scopes)).await
        }
        GrantRequest::ClientCredentials { scopes } => {
            by_itself(services, origin, client, *scopes).await
        }
    }
}

async fn redeem(
    services: &Services,
    origin: &Origin,
    client: &Client,
    trade: &CodeTrade,
) -> Result<Issued, OauthError> {
    let code = trade.code.as_ref().ok_or(OauthError::InvalidGrant)?;
    let key = keys::current(services).await?;
    let fresh = RefreshToken::generate(&services.ambient);
    let (code, refresh) = (&code.hash(), &fresh.hash());
    let redemption = transact_audited(&services.pool, |conn| {
        let shown = redeem::Shown { origin, client: client.id, trade, code, refresh };
        async move { redeem::redeem(conn, services, &shown).await }.scope_boxed()
    })
    .await?;
    match redemption {
        Redemption::Granted { grant, renewable } => Ok(Issued {
            access_token: tokens::issue(services, &key, &grant)?,
            expires_in: ACCESS_TOKEN_LIVES,
            refresh_token: renewable.then(|| fresh.into_secret()),
            scopes: grant.scopes,
        }),
        Redemption::Reused => {
            metrics::counter!("oauth_code_reuses_total").increment(1);
            Err(OauthError::InvalidGrant)
        }
        Redemption::Refused => Err(OauthError::InvalidGrant),
    }
}

async fn refresh(
    services: &Services,
    origin: &Origin,
    client: &Client,
    (token, scopes): (Option<&RefreshToken>, Option<ScopeSet>),
) -> Result<Issued, OauthError> {
    let presented = token.ok_or(OauthError::InvalidGrant)?;
    let renewal = Renewal { presented, holder: Some(client.id), scopes };
    match renew(services, origin, &renewal).await? {
        Renewed::Granted(pair) => Ok(pair.into()),
        Renewed::Refused => Err(OauthError::InvalidGrant),
        Renewed::TooMuch => Err(OauthError::InvalidScope),
    }
}

async fn by_itself(
    services: &Services,
    origin: &Origin,
    client: &Client,
    scopes: Option<ScopeSet>,
) -> Result<Issued, OauthError> {
    let account = client.account.ok_or(OauthError::UnauthorizedClient)?;
    let key = keys::current(services).await?;
    let grant = transact_audited(&services.pool, |conn| {
        async move { open(conn, services, origin, client, (account, scopes)).await }.scope_boxed()
    })
    .await?;
    Ok(Issued {
        access_token: tokens::issue(services, &key, &grant)?,
        expires_in: ACCESS_TOKEN_LIVES,
        refresh_token: None,
        scopes: grant.scopes,
    })
}

/// A session that lives as long as its one token: the client's secret opens another one (RFC 6749 §4.4.3).
async fn open(
    conn: &mut PgConnection,
    services: &Services,
    origin: &Origin,
    client: &Client,
    (account, wanted): (UserId, Option<ScopeSet>),
) -> Result<Audited<Grant>, OauthError> {
    // As it is now: what was read before this transaction may have changed since.
    let client = oauth_clients::find_for_share(conn, client.id)
        .await?
        .filter(|now| now.may_use(GrantType::ClientCredentials) && now.account == Some(account))
        .ok_or(OauthError::InvalidClient)?;
    let user = users::find_credentials_for_share(conn, account)
        .await?
        .filter(|user| user.status == UserStatus::Active)
        .ok_or(OauthError::UnauthorizedClient)?;
    let wanted = wanted.unwrap_or(client.scopes);
    let scopes = wanted.intersection(user.role.scopes());
    if !client.scopes.covers(wanted) || scopes.is_empty() {
        return Err(OauthError::InvalidScope);
    }
    let (application, now) = ((client.id, Mandate::Own), services.ambient.now());
    let session = NewSession {
        id: services.ambient.id(),
        user_id: account,
        application: Some(application),
        scopes,
        created_at: now,
        expires_at: now + ACCESS_TOKEN_LIVES,
    };
    sessions::insert(conn, &session).await?;
    let grant = Grant {
        user_id: account,
        session_id: session.id,
        application: Some(application),
        access_epoch: user.access_epoch,
        scopes,
    };
    let (author, entry) = told(origin, &grant, application);
    Ok(record(conn, &services.ambient, &author, &[entry], grant).await?)
}

/// How the audit log tells of tokens that a client got.
pub(super) fn told(
    origin: &Origin,
    grant: &Grant,
    (client, mandate): (ClientId, Mandate),
) -> (Author, Entry) {
    let credential = Credential::Application { session: grant.session_id, client, mandate };
    let actor = Actor::User { id: grant.user_id, credential };
    let act = Act::GrantTokens { session: grant.session_id, scopes: grant.scopes };
    let author = Author { actor, origin: origin.clone() };
    (author, Entry { act, target: Target::OauthClient(client) })
}
