//! The right to act on an attempt: how long it lasts, and a new one.

use time::{Duration, OffsetDateTime};

use crate::domain::ambient::Ambient;
use crate::store::payment_attempts::Lease;

/// Longer than any call with its repetitions: who holds a lease for longer is dead.
const LIVES: Duration = Duration::seconds(30);

/// For whoever makes the call now.
pub(super) fn from_now(ambient: &Ambient, now: OffsetDateTime) -> Lease {
    Lease { token: ambient.id(), until: now + LIVES }
}

/// For an attempt that whoever comes first takes over.
pub(super) fn nobodys(ambient: &Ambient, now: OffsetDateTime) -> Lease {
    Lease { token: ambient.id(), until: now }
}
