//! Why a use case about API keys did not do what was asked; which status that is, the edge knows.

use crate::domain::access::Scope;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// There is none, or it is somebody else's.
    #[error("no such key")]
    NotFound,
    #[error("{most} keys are there already")]
    TooMany { most: i64 },
    /// Nobody gives away what they don't hold.
    #[error("the caller does not hold {0}")]
    NotHeld(Scope),
    /// The tier is for administrators to give.
    #[error("the caller may not give this tier")]
    NotYoursToGive,
    /// Whoever asked was signed out before it was there.
    #[error("the caller was signed out meanwhile")]
    SignedOut,
    /// It would never have been good.
    #[error("the key would be over already")]
    OverAlready,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for ApiKeyError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::NotFound
            | Self::TooMany { .. }
            | Self::NotHeld(_)
            | Self::NotYoursToGive
            | Self::SignedOut
            | Self::OverAlready => None,
        }
    }
}
