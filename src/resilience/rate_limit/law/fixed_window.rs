//! So many in each window of the clock (a minute, a day in UTC); it must not store.

use super::Standing;
use crate::resilience::rate_limit::policy::Policy;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::resilience) struct FixedWindow {
    /// When the window began that was counted last; microseconds since the epoch.
    pub start: u64,
    pub count: u32,
}

impl FixedWindow {
    pub(super) fn look(self, policy: &Policy, now: u64) -> Standing {
        let window = policy.window();
        let count = self.count_in(now - now % window);
        let left = window - now % window;
        let remaining = u64::from(policy.limit().saturating_sub(count));
        Standing::of(remaining, left, if count == 0 { 0 } else { left })
    }

    pub(super) fn take(&mut self, policy: &Policy, now: u64) {
        let start = now - now % policy.window();
        *self = Self { start, count: self.count_in(start) + 1 };
    }

    fn count_in(self, start: u64) -> u32 {
        if self.start == start { self.count } else { 0 }
    }
}
