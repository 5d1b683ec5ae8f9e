//! Access tokens: JWTs by the profile of RFC 9068, signed with EdDSA and nothing else, checked against the
//! injected clock and against the session and user they speak for.

use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;

use super::error::{SessionError, TokenError, TokenFault};
use super::keys::{self, SigningKey};
use super::refresh_token::RefreshToken;
use super::verified::Signed;
use super::{ACCESS_TOKEN_LIVES, Auth};
use crate::domain::access::{Credential, Mandate, Principal, ScopeSet};
use crate::domain::ids::{ClientId, Id, SessionId, UserId};
use crate::service::Services;

/// RFC 9068 §2.1: no other kind of token passes for an access token.
const TYPE: &str = "at+jwt";

/// `client_id` of our own sign-in form.
const FIRST_PARTY: &str = "till";

/// Longer than any token of ours, in bytes.
const MAX_LENGTH: usize = 4096;

/// What an access token is issued for.
#[derive(Debug, Clone, Copy)]
pub(in crate::service) struct Grant {
    pub user_id: UserId,
    pub session_id: SessionId,
    /// `None`: the user signed in themselves.
    pub application: Option<(ClientId, Mandate)>,
    pub access_epoch: i64,
    pub scopes: ScopeSet,
}

/// What a successful sign-in or refresh hands out (RFC 6749 §5.1).
#[derive(Debug, Clone)]
pub struct TokenPair {
    pub access_token: SecretString,
    /// From now until the access token expires.
    pub expires_in: Duration,
    pub refresh_token: SecretString,
    pub scopes: ScopeSet,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    aud: String,
    exp: i64,
    iat: i64,
    nbf: i64,
    jti: Uuid,
    scope: String,
    client_id: String,
    sid: Uuid,
    epoch: i64,
    /// Of an application that acts by itself: `sub` is then the application (RFC 9068 §2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Uuid>,
}

impl Claims {
    /// Whose token it is: the account, and the application, if any. `None` where the claims contradict each other.
    fn parties(&self) -> Option<(UserId, Option<(ClientId, Mandate)>)> {
        if self.client_id == FIRST_PARTY {
            return self.account.is_none().then_some((self.sub.into(), None));
        }
        let client = Uuid::try_parse(&self.client_id).ok()?;
        match self.account {
            None => Some((self.sub.into(), Some((client.into(), Mandate::Consent)))),
            Some(account) => (self.sub == client)
                .then_some((account.into(), Some((client.into(), Mandate::Own)))),
        }
    }
}

pub(super) fn pair(
    services: &Services,
    key: &SigningKey,
    grant: &Grant,
    refresh_token: RefreshToken,
) -> Result<TokenPair, SessionError> {
    Ok(TokenPair {
        access_token: issue(services, key, grant)?,
        expires_in: ACCESS_TOKEN_LIVES,
        refresh_token: refresh_token.into_secret(),
        scopes: grant.scopes,
    })
}

/// An access token, from now on.
///
/// # Errors
/// [`SessionError::Signing`].
pub(in crate::service) fn issue(
    services: &Services,
    key: &SigningKey,
    grant: &Grant,
) -> Result<SecretString, SessionError> {
    let now = services.ambient.now().unix_timestamp();
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(key.kid.clone());
    let user = grant.user_id.as_uuid();
    let (sub, client_id, account) = match grant.application {
        None => (user, FIRST_PARTY.to_owned(), None),
        Some((client, Mandate::Consent)) => (user, client.to_string(), None),
        Some((client, Mandate::Own)) => (client.as_uuid(), client.to_string(), Some(user)),
    };
    let claims = Claims {
        iss: services.auth.issuer().to_owned(),
        sub,
        aud: services.auth.audience().to_owned(),
        exp: now + ACCESS_TOKEN_LIVES.whole_seconds(),
        iat: now,
        nbf: now,
        jti: services.ambient.uuid(),
        scope: grant.scopes.to_string(),
        client_id,
        sid: grant.session_id.as_uuid(),
        epoch: grant.access_epoch,
        account,
    };
    encode(&header, &claims, &key.encoding).map(Into::into).map_err(SessionError::Signing)
}

/// Whom a token of ours was issued for; whether they may still use it was not asked yet.
#[derive(Debug, Clone, Copy)]
pub struct Bearer {
    /// In whose name it calls, or on whose account.
    pub user_id: UserId,
    session_id: SessionId,
    application: Option<(ClientId, Mandate)>,
    access_epoch: i64,
    /// What the token was issued for; what of it still holds is not known.
    pub scopes: ScopeSet,
}

impl Bearer {
    pub(in crate::service) fn session(&self) -> SessionId {
        self.session_id
    }

    /// `None` where it is no application's.
    pub(in crate::service) fn application(&self) -> Option<(ClientId, Mandate)> {
        self.application
    }
}

/// Who presents this token: signature, claims and time are right. The database is asked for nothing but keys.
///
/// # Errors
/// [`TokenError`]; nothing outside our own database is ever asked, whatever the token says.
#[tracing::instrument(name = "service.auth.identify", level = "debug", skip_all)]
pub async fn identify(services: &Services, token: &str) -> Result<Bearer, TokenError> {
    Ok(read(services, token).await?.bearer)
}

/// [`identify`], with what else the token says.
///
/// # Errors
/// [`TokenError`].
pub(in crate::service) async fn read(
    services: &Services,
    token: &str,
) -> Result<Signed, TokenError> {
    let known = if token.len() > MAX_LENGTH { None } else { services.auth.verified().find(token) };
    let kid = match &known {
        Some(signed) => signed.kid.clone(),
        None => key_name(token)?,
    };
    // A key's name is its thumbprint: while one of this name is there, it is the one that signed.
    let key = keys::named(services, &kid).await?.ok_or(TokenFault::UnknownKey)?;
    let (signed, is_new) = match known {
        Some(signed) => (signed, false),
        None => (verify(&services.auth, &key, token)?, true),
    };
    signed.check_time(services.ambient.now())?;
    if is_new {
        services.auth.verified().remember(token, &signed);
    }
    Ok(signed)
}

/// What the bearer may do right now, if their session lives.
///
/// # Errors
/// [`TokenError::Revoked`], or the store's.
#[tracing::instrument(name = "service.auth.admit", level = "debug", skip_all)]
pub async fn admit(services: &Services, bearer: &Bearer) -> Result<Principal, TokenError> {
    let Bearer { user_id, session_id, application, access_epoch, scopes } = *bearer;
    let found = services.auth.sessions().find(&services.pool, (session_id, user_id)).await?;
    let access = found.ok_or(TokenError::Revoked)?;
    if !access.is_live(services.ambient.now())
        || access.access_epoch != access_epoch
        || access.holder() != application
    {
        return Err(TokenError::Revoked);
    }
    let credential = match application {
        None => Credential::Session(session_id),
        Some((client, mandate)) => Credential::Application { session: session_id, client, mandate },
    };
    Ok(Principal { user_id, credential, role: access.role, scopes: access.allowed(scopes) })
}

/// Reads the header, which nobody vouches for yet: it may choose one of our keys by name and nothing else.
fn key_name(token: &str) -> Result<String, TokenFault> {
    if token.len() > MAX_LENGTH {
        return Err(TokenFault::TooLong);
    }
    let header = decode_header(token).map_err(TokenFault::Undecodable)?;
    let typed = header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE));
    let foreign_key = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some();
    match header.kid {
        Some(kid) if typed && !foreign_key && header.alg == Algorithm::EdDSA => Ok(kid),
        _ => Err(TokenFault::Header),
    }
}

fn verify(auth: &Auth, key: &SigningKey, token: &str) -> Result<Signed, TokenError> {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_required_spec_claims(&["iss", "sub", "aud", "exp", "nbf"]);
    rules.set_issuer(&[auth.issuer()]);
    rules.set_audience(&[auth.audience()]);
    // The library would ask the system for the time.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    let claims =
        decode::<Claims>(token, &key.decoding, &rules).map_err(TokenFault::Undecodable)?.claims;
    let longest = ACCESS_TOKEN_LIVES.whole_seconds();
    if claims.exp.saturating_sub(claims.iat) > longest {
        return Err(TokenFault::Claim.into());
    }
    let (user_id, application) = claims.parties().ok_or(TokenFault::Claim)?;
    let bearer = Bearer {
        user_id,
        session_id: SessionId::from(claims.sid),
        application,
        access_epoch: claims.epoch,
        scopes: ScopeSet::parse_known(&claims.scope),
    };
    let (from, until) = (claims.nbf.max(claims.iat), claims.exp);
    Ok(Signed { kid: key.kid.clone(), bearer, from, until })
}
