//! Why nothing came of a use case of products; refusals that are remembered under a key are outcomes, not errors.

use super::CatalogueError;
use crate::resilience::cache::NotLoaded;
use crate::service::idempotency::KeyError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    #[error("there is no such product")]
    NotFound,
    /// Somebody changed the product since the caller saw it.
    #[error("the product has changed; its version is {version} now")]
    PreconditionFailed { version: i64 },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Neither loaded nor held from before.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded<CatalogueError>),
}

impl AsStoreError for ProductError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) | Self::Key(KeyError::Store(error)) => Some(error),
            Self::NotFound
            | Self::PreconditionFailed { .. }
            | Self::Key(_)
            | Self::NotLoaded(_) => None,
        }
    }
}
