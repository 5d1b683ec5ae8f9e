//! The right to act on an attempt: how long it lasts, and a new one.

use time::{Duration, OffsetDateTime};

use crate::domain::ambient::Ambient;
use crate::store::payment_attempts::Lease;

/// Longer than a look-up and a call with their repetitions, each within `TILL_GATEWAY_TIMEOUT` (10 s at the most): who
/// holds a lease for longer is dead or stands still.
const LIVES: Duration = Duration::seconds(30);

/// For whoever makes the call now.
pub(super) fn from_now(ambient: &Ambient, now: OffsetDateTime) -> Lease {
    Lease { token: ambient.id(), until: now + LIVES }
}

/// For an attempt that whoever comes first takes over.
pub(super) fn nobodys(ambient: &Ambient, now: OffsetDateTime) -> Lease {
    Lease { token: ambient.id(), until: now }
}
