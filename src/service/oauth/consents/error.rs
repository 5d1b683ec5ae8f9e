//! Why a consent was not taken back; which status that is, the edge knows.

use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// There is none of the caller's to this client.
    #[error("no such consent")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for ConsentError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::NotFound => None,
        }
    }
}
