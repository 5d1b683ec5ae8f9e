//! Why an application did not get what it asked for, in the terms of RFC 6749 §5.2; how it is told, the edge knows.

use crate::service::auth::error::{SessionError, TokenError};
use crate::service::auth::keys::KeysError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum OauthError {
    /// Unknown, or it did not prove that it is the one.
    #[error("the client could not be authenticated")]
    InvalidClient,
    /// A code, a refresh token or a verifier that is good for nothing here.
    #[error("the grant is not valid, was used, or is another client's")]
    InvalidGrant,
    /// The client is not registered for that.
    #[error("the client may not do that")]
    UnauthorizedClient,
    /// More is asked for than may be granted, or nothing is left.
    #[error("the scope is unknown, or more than may be granted")]
    InvalidScope,
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for OauthError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error)
            | Self::Keys(KeysError::Store(error))
            | Self::Token(TokenError::Store(error) | TokenError::Keys(KeysError::Store(error))) => {
                Some(error)
            }
            Self::Session(error) => error.as_store_error(),
            Self::InvalidClient
            | Self::InvalidGrant
            | Self::UnauthorizedClient
            | Self::InvalidScope
            | Self::Token(_)
            | Self::Keys(_) => None,
        }
    }
}
