//! What surrounds every use case and is injected into it: time, randomness and, made of both, ids.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::{Builder, Uuid};

use super::clock::{Clock, SystemClock};
use super::entropy::{Entropy, SystemEntropy};
use super::ids::Id;

/// Time and randomness, shared by all parts of one process.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Ambient {
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The system's own clock and randomness.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A new id of the wanted type.
    pub fn id<T: Id>(&self) -> T {
        T::from_uuid(self.uuid())
    }

    /// A new UUIDv7 (RFC 9562 §5.7): its first 48 bits are the clock's milliseconds.
    pub fn uuid(&self) -> Uuid {
        let milliseconds = self.clock.microseconds() / 1_000;
        let random = self.bytes::<10>();
        Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }

    /// `N` random bytes, fit for secrets when the entropy is the system's.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

impl std::fmt::Debug for Ambient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ambient").finish_non_exhaustive()
    }
}
