//! How signing in, refreshing and checking tokens can fail; which status that is, is the edge's business.

use super::keys::KeysError;
use super::passwords::HashError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

/// No session was opened, continued or ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No such account, a wrong password or an account that may not sign in: never told apart.
    #[error("e-mail address or password is wrong")]
    InvalidCredentials,
    /// Unknown, used before, or its session is over.
    #[error("the refresh token is not valid")]
    InvalidRefreshToken,
    /// A mailed token that nobody knows, that is for something else, or that was used.
    #[error("the token is not valid")]
    InvalidAccountToken,
    /// A mailed token whose time is over.
    #[error("the token has expired")]
    ExpiredAccountToken,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("a token could not be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for SessionError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) | Self::Keys(KeysError::Store(error)) => Some(error),
            _ => None,
        }
    }
}

/// An access token or an API key was refused, or could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours for this API.
    #[error("the access token is not valid")]
    Invalid(#[source] TokenFault),
    /// It was good once; refreshing helps.
    #[error("the access token has expired")]
    Expired,
    /// Its session ended, or the user's access changed since it was issued; a key was removed, replaced, or is over.
    #[error("the access token is no longer valid")]
    Revoked,
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with an access token: for the log, not for the caller.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    #[error("longer than any token of ours")]
    TooLong,
    #[error("no API key of ours")]
    NoKeyOfOurs,
    #[error("not a signed token of ours")]
    Undecodable(#[source] jsonwebtoken::errors::Error),
    #[error("its header asks for what is never granted")]
    Header,
    #[error("no key of that name")]
    UnknownKey,
    #[error("not valid yet")]
    TooEarly,
    #[error("a claim holds an impossible value")]
    Claim,
}

impl From<TokenFault> for TokenError {
    fn from(fault: TokenFault) -> Self {
        Self::Invalid(fault)
    }
}
