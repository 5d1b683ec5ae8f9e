//! Why nothing came of a use case of orders; refusals that are remembered under a key are outcomes, not errors.

use crate::service::idempotency::KeyError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It doesn't exist, or is not within the caller's reach: told apart for nobody.
    #[error("there is no such order")]
    NotFound,
    /// A defect: every order of a batch is either placed or refused.
    #[error("an order was neither placed nor refused")]
    Undecided,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for OrderError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) | Self::Key(KeyError::Store(error)) => Some(error),
            Self::NotFound | Self::Undecided | Self::Key(_) => None,
        }
    }
}
