//! Why a use case about webhooks did not do what was asked; which status that is, the edge knows.

use crate::clients::webhook_sender::AddressRefused;
use crate::service::seal::SealError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is none, or it is somebody else's.
    #[error("no such endpoint, or no such delivery of it")]
    NotFound,
    #[error("the URL {0}")]
    Url(#[from] AddressRefused),
    #[error("{most} endpoints are there already")]
    TooMany { most: i64 },
    /// It is not as the caller believes it to be.
    #[error("the endpoint is at version {version} by now")]
    Changed { version: i64 },
    /// Whoever asked was signed out, or their key removed, before it was there.
    #[error("the caller was signed out meanwhile")]
    SignedOut,
    /// Nothing is sent to it.
    #[error("the endpoint is disabled")]
    Disabled,
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for WebhookError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::NotFound
            | Self::Url(_)
            | Self::TooMany { .. }
            | Self::Changed { .. }
            | Self::SignedOut
            | Self::Disabled
            | Self::Seal(_) => None,
        }
    }
}
