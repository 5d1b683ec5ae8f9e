//! What a token is still good for, told to the client it was issued to and to nobody else (RFC 7662).

use scoped_futures::ScopedFutureExt;
use time::OffsetDateTime;

use super::OauthError;
use crate::domain::access::{Mandate, ScopeSet};
use crate::domain::ids::{ClientId, UserId};
use crate::domain::oauth::{Client, ClientKind};
use crate::service::Services;
use crate::service::auth::error::TokenError;
use crate::service::auth::refresh_token::RefreshToken;
use crate::service::auth::tokens;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::sessions::{self, RefreshRecord};

/// A token that is good.
#[derive(Debug, Clone, Copy)]
pub struct Active {
    pub kind: TokenKind,
    pub client: ClientId,
    /// Whom it is of: the user, or nobody but the client itself.
    pub user: Option<UserId>,
    /// What it may do right now.
    pub scopes: ScopeSet,
    pub expires_at: OffsetDateTime,
    pub issued_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Access,
    Refresh,
}

/// `None` of a token that is good for nothing, or that is another client's.
///
/// # Errors
/// [`OauthError::InvalidClient`] for a client that proves nothing of itself; or it could not be decided.
#[tracing::instrument(name = "service.oauth.introspect", skip_all)]
pub async fn introspect(
    services: &Services,
    client: &Client,
    token: &str,
) -> Result<Option<Active>, OauthError> {
    if client.kind == ClientKind::Public {
        return Err(OauthError::InvalidClient);
    }
    match RefreshToken::parse(token) {
        Some(token) => of_refresh_token(services, client, &token).await,
        None => of_access_token(services, client, token).await,
    }
}

async fn of_refresh_token(
    services: &Services,
    client: &Client,
    token: &RefreshToken,
) -> Result<Option<Active>, OauthError> {
    let hash = &token.hash();
    let found: Option<RefreshRecord> = read::<_, StoreError, _>(&services.pool, |conn| {
        sessions::find_refresh_token(conn, hash).scope_boxed()
    })
    .await?;
    let now = services.ambient.now();
    let good = found.filter(|token| {
        token.used_at.is_none()
            && token.access.is_live(now)
            && token.access.holder().unzip().0 == Some(client.id)
    });
    Ok(good.map(|token| Active {
        kind: TokenKind::Refresh,
        client: client.id,
        user: Some(token.user_id),
        scopes: token.access.allowed(token.scopes),
        expires_at: token.access.expires_at,
        issued_at: None,
    }))
}

async fn of_access_token(
    services: &Services,
    client: &Client,
    token: &str,
) -> Result<Option<Active>, OauthError> {
    let Some(signed) = good(tokens::read(services, token).await)? else { return Ok(None) };
    let Some((holder, mandate)) = signed.bearer.application() else { return Ok(None) };
    if holder != client.id {
        return Ok(None);
    }
    let Some(principal) = good(tokens::admit(services, &signed.bearer).await)? else {
        return Ok(None);
    };
    let user = match mandate {
        Mandate::Consent => Some(principal.user_id),
        Mandate::Own => None,
    };
    // Seconds that our own key signed: never out of range.
    let time = |seconds| OffsetDateTime::from_unix_timestamp(seconds).ok();
    Ok(time(signed.until).map(|expires_at| Active {
        kind: TokenKind::Access,
        client: client.id,
        user,
        scopes: principal.scopes,
        expires_at,
        issued_at: time(signed.from),
    }))
}

/// A token that is no good is an answer, not a failure.
pub(super) fn good<T>(checked: Result<T, TokenError>) -> Result<Option<T>, OauthError> {
    match checked {
        Ok(value) => Ok(Some(value)),
        Err(TokenError::Invalid(_) | TokenError::Expired | TokenError::Revoked) => Ok(None),
        Err(error @ (TokenError::Keys(_) | TokenError::Store(_))) => Err(error.into()),
    }
}
