//! Exactly so many in any span of one window: remembers when each was let through, so it suits small limits; it must not store.

use std::collections::VecDeque;

use super::Standing;
use crate::resilience::rate_limit::policy::Policy;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::resilience) struct SlidingLog {
    /// Microseconds since the epoch, oldest first; never more than the limit.
    pub times: VecDeque<u64>,
}

impl SlidingLog {
    pub(super) fn look(&self, policy: &Policy, now: u64) -> Standing {
        let window = policy.window();
        let gone = self.times.partition_point(|time| time + window <= now);
        let within = self.times.len() - gone;
        let until = |time: Option<&u64>| time.map_or(0, |time| (time + window).saturating_sub(now));
        let within = u64::try_from(within).unwrap_or(u64::MAX);
        let remaining = u64::from(policy.limit()).saturating_sub(within);
        let whole_after = if within == 0 { 0 } else { until(self.times.back()) };
        Standing::of(remaining, until(self.times.get(gone)), whole_after)
    }

    pub(super) fn take(&mut self, policy: &Policy, now: u64) {
        self.forget(policy, now);
        self.times.push_back(now);
    }

    /// What is older than the window, and what the clock says is still to come: that was before it went back.
    pub(super) fn forget(&mut self, policy: &Policy, now: u64) {
        let gone = self.times.partition_point(|time| time + policy.window() <= now);
        self.times.drain(..gone);
        let known = self.times.partition_point(|time| *time <= now);
        self.times.truncate(known);
    }
}
