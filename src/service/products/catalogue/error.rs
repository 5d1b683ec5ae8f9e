//! Why a part of the catalogue could not be loaded, and whether that means that the database is away.

use crate::resilience::bulkhead::BulkheadFull;
use crate::resilience::cache::LoadError;
use crate::store::StoreError;

/// Why a part of the catalogue could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("too much of the catalogue is being loaded")]
    Busy(#[from] BulkheadFull),
}

impl LoadError for CatalogueError {
    fn is_away(&self) -> bool {
        match self {
            Self::Store(
                StoreError::Unavailable(_) | StoreError::TooSlow(_) | StoreError::Retry(_),
            ) => true,
            // It was not asked.
            Self::Busy(BulkheadFull)
            | Self::Store(
                StoreError::Broken(..) | StoreError::BadRow { .. } | StoreError::Unexpected(_),
            ) => false,
        }
    }
}
