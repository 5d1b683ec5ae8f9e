//! Why a use case about clients did not do what was asked; which status that is, the edge knows.

use crate::domain::oauth::ClientFault;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no such client")]
    NotFound,
    /// It is not as the caller saw it.
    #[error("the client was changed meanwhile: it is at version {version}")]
    Changed { version: i64 },
    #[error("the client does not go together: {0:?}")]
    Inconsistent(ClientFault),
    /// A public client has none to rotate.
    #[error("the client keeps no secret")]
    KeepsNoSecret,
    /// Whoever asked was signed out, or is no administrator any more, before it was there.
    #[error("the caller was signed out meanwhile")]
    SignedOut,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ClientFault> for ClientError {
    fn from(fault: ClientFault) -> Self {
        Self::Inconsistent(fault)
    }
}

impl AsStoreError for ClientError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::NotFound
            | Self::Changed { .. }
            | Self::Inconsistent(_)
            | Self::KeepsNoSecret
            | Self::SignedOut => None,
        }
    }
}
