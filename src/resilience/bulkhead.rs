//! A bulkhead: so many calls to one neighbour at a time, and a short queue in front; it must not know what the calls do.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Bounds the calls under way, so that a slow neighbour can't hold everything.
#[derive(Debug, Clone)]
pub struct Bulkhead {
    places: Arc<Semaphore>,
    longest_wait: Duration,
}

/// All places stayed taken for as long as one may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls are under way")]
pub struct BulkheadFull;

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Bulkhead {
    /// `places` calls at a time; a call that finds none waits at most `longest_wait`.
    pub fn new(places: usize, longest_wait: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), longest_wait }
    }

    /// # Errors
    /// [`BulkheadFull`] after the longest wait.
    pub async fn enter(&self) -> Result<Place, BulkheadFull> {
        let place = timeout(self.longest_wait, Arc::clone(&self.places).acquire_owned()).await;
        match place {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            // The semaphore is never closed; if it were, nobody may enter.
            Ok(Err(_)) | Err(_) => Err(BulkheadFull),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bulkhead, BulkheadFull};

    #[tokio::test]
    async fn a_place_that_is_left_can_be_taken_again_and_no_more_exist() {
        let bulkhead = Bulkhead::new(1, Duration::ZERO);
        let place = bulkhead.enter().await.unwrap();
        assert_eq!(bulkhead.enter().await.unwrap_err(), BulkheadFull);
        drop(place);
        assert!(bulkhead.enter().await.is_ok());
    }
}
