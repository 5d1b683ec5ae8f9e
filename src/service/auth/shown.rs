//! What callers show to be let in, whichever kind it is: first whose it is, then what it is still good for.

use super::api_keys::{self, ShownKey};
use super::error::TokenError;
use super::tokens::{self, Bearer};
use crate::domain::access::Principal;
use crate::domain::ids::UserId;
use crate::service::Services;

/// A credential of ours by what it says of itself; whether it still holds was not asked yet.
#[derive(Debug, Clone, Copy)]
pub enum Shown {
    Token(Bearer),
    ApiKey(ShownKey),
}

impl Shown {
    /// In whose name it calls, as far as is known.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Token(bearer) => Some(bearer.user_id),
            Self::ApiKey(key) => key.owner,
        }
    }
}

/// Whose a token or a key is.
///
/// # Errors
/// [`TokenError`].
pub async fn identify(services: &Services, text: &str) -> Result<Shown, TokenError> {
    if text.starts_with(super::api_key_secret::PREFIX) {
        return Ok(Shown::ApiKey(api_keys::identify(services, text).await?));
    }
    Ok(Shown::Token(tokens::identify(services, text).await?))
}

/// What its holder may do right now.
///
/// # Errors
/// [`TokenError::Revoked`], or the store's.
pub async fn admit(services: &Services, shown: &Shown) -> Result<Principal, TokenError> {
    match shown {
        Shown::Token(bearer) => tokens::admit(services, bearer).await,
        Shown::ApiKey(key) => api_keys::admit(services, key).await,
    }
}
