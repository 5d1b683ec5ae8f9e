//! Token and leaky bucket as one law, the virtual scheduling form of the generic cell rate algorithm (ITU-T I.371); it must not store.
//!
//! Instead of tokens it keeps the time at which the bucket is whole again. Each request moves that time on by the
//! interval of one token; it passes if the bucket, however empty, would be whole within `burst` intervals.

use super::Standing;
use crate::resilience::rate_limit::policy::Policy;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::resilience) struct Bucket {
    /// Microseconds since the epoch; in the past where nothing is missing.
    pub whole_at: u64,
}

impl Bucket {
    pub(super) fn look(self, policy: &Policy, now: u64) -> Standing {
        let interval = policy.interval();
        let depth = policy.depth();
        let missing = self.whole_at.saturating_sub(now);
        let remaining = depth.saturating_sub(missing) / interval;
        Standing::of(remaining, (missing + interval).saturating_sub(depth), missing)
    }

    pub(super) fn take(&mut self, policy: &Policy, now: u64) {
        self.whole_at = self.whole_at.max(now) + policy.interval();
    }

    /// No more is missing than all of it: where that seems so, the clock has gone back.
    pub(super) fn forget(&mut self, policy: &Policy, now: u64) {
        self.whole_at = self.whole_at.min(now + policy.depth());
    }
}
