//! Two counts instead of a log: the last window of the clock counts for the share of it that is still in sight; it must not store.
//!
//! Works in milliseconds, so that Redis, whose numbers are doubles, computes the same whole numbers; shares are rounded up.

use super::Standing;
use crate::resilience::rate_limit::policy::Policy;

/// Microseconds in a millisecond.
const MILLI: u64 = 1_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::resilience) struct SlidingCounter {
    /// When the window began that was counted last; milliseconds since the epoch.
    pub start: u64,
    pub current: u32,
    /// In the window before that.
    pub previous: u32,
}

impl SlidingCounter {
    pub(super) fn look(self, policy: &Policy, now: u64) -> Standing {
        let (window, limit) = (policy.window() / MILLI, u64::from(policy.limit()));
        let seen = self.seen_at(window, now / MILLI);
        let (current, previous) = (u64::from(seen.current), u64::from(seen.previous));
        let elapsed = now / MILLI - seen.start;
        let counted = current + (previous * (window - elapsed)).div_ceil(window);
        let remaining = limit.saturating_sub(counted);
        let retry_at = if current < limit {
            seen.start + share_fits(previous, limit - 1 - current, window)
        } else {
            seen.start + window + share_fits(current, limit - 1, window)
        };
        let whole_at = match (current, previous) {
            (0, 0) => 0,
            (0, _) => seen.start + window,
            (_, _) => seen.start + 2 * window,
        };
        let from_now = |milliseconds: u64| (milliseconds * MILLI).saturating_sub(now);
        Standing::of(remaining, from_now(retry_at), from_now(whole_at))
    }

    pub(super) fn take(&mut self, policy: &Policy, now: u64) {
        *self = self.seen_at(policy.window() / MILLI, now / MILLI);
        self.current += 1;
    }

    /// The same counts, in the windows of this time (milliseconds).
    fn seen_at(self, window: u64, now: u64) -> Self {
        let start = now - now % window;
        if self.start == start {
            self
        } else if self.start + window == start {
            Self { start, current: 0, previous: self.current }
        } else {
            Self { start, current: 0, previous: 0 }
        }
    }
}

/// How far into a window the share of the one before it has come down to `room`; milliseconds.
fn share_fits(previous: u64, room: u64, window: u64) -> u64 {
    match (room * window).checked_div(previous) {
        Some(in_sight) => window.saturating_sub(in_sight),
        None => 0,
    }
}
