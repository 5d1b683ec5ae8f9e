//! What each algorithm decides: pure arithmetic on whole microseconds, the same in every process and in Redis (`limits.lua`
//! beside the client says it once more); it stores nothing and asks no clock.
//!
//! | algorithm | state | what it promises |
//! | --- | --- | --- |
//! | `token_bucket` | one time | `burst` at once, `limit` a window in the long run |
//! | `leaky_bucket` | one time | the same, seen from the other side: a meter that drains (ITU-T I.371, annex A) |
//! | `fixed_window` | a count | at most `limit` in each window of the clock, so up to twice that around its edge |
//! | `sliding_window` | the times of those let through | at most `limit` in any span of one window, exactly |
//! | `sliding_window_counter` | two counts | an estimate: the last window counts for the share of it that is still in sight |
//!
//! The estimate takes the last window's requests for evenly spread. Where they were not, up to `limit` more may pass in a
//! span that lies across the edge (all of them late in the last window, so that too few count), never more than that;
//! and never more than `limit` in one window of the clock.
//!
//! A request costs one. A refused one costs nothing, so that whoever waits as long as it is told gets through.

mod bucket;
mod fixed_window;
mod sliding_counter;
mod sliding_log;
#[cfg(test)]
mod tests;

pub(in crate::resilience) use bucket::Bucket;
pub(in crate::resilience) use fixed_window::FixedWindow;
pub(in crate::resilience) use sliding_counter::SlidingCounter;
pub(in crate::resilience) use sliding_log::SlidingLog;

use super::policy::Policy;
use crate::domain::rate::Algorithm;

/// How a limit stands after a request was asked about, or without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the request passes; without one, whether one would.
    pub allowed: bool,
    /// How many more would pass at once.
    pub remaining: u32,
    /// Microseconds until the next one is certain to pass if nobody else takes its place; 0 where it passes now.
    pub retry_after: u64,
    /// Microseconds until all that was taken is there again; 0 where nothing is missing.
    pub whole_after: u64,
}

/// What is remembered of one caller under one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resilience) enum State {
    Bucket(Bucket),
    FixedWindow(FixedWindow),
    SlidingLog(SlidingLog),
    SlidingCounter(SlidingCounter),
}

impl State {
    /// Of a caller who was never seen.
    pub(in crate::resilience) fn new(policy: &Policy) -> Self {
        match policy.algorithm() {
            Algorithm::TokenBucket | Algorithm::LeakyBucket => Self::Bucket(Bucket::default()),
            Algorithm::FixedWindow => Self::FixedWindow(FixedWindow::default()),
            Algorithm::SlidingWindow => Self::SlidingLog(SlidingLog::default()),
            Algorithm::SlidingWindowCounter => Self::SlidingCounter(SlidingCounter::default()),
        }
    }

    /// Lets go of what counts no more at `now`, before anything is asked.
    pub(in crate::resilience) fn forget(&mut self, policy: &Policy, now: u64) {
        match self {
            Self::Bucket(bucket) => bucket.forget(policy, now),
            Self::SlidingLog(log) => log.forget(policy, now),
            Self::FixedWindow(_) | Self::SlidingCounter(_) => {}
        }
    }

    /// How it stands at `now` (microseconds since the epoch), taking nothing.
    pub(in crate::resilience) fn look(&self, policy: &Policy, now: u64) -> Standing {
        match self {
            Self::Bucket(bucket) => bucket.look(policy, now),
            Self::FixedWindow(window) => window.look(policy, now),
            Self::SlidingLog(log) => log.look(policy, now),
            Self::SlidingCounter(counter) => counter.look(policy, now),
        }
    }

    /// Takes one, which [`look`](Self::look) said is there.
    pub(in crate::resilience) fn take(&mut self, policy: &Policy, now: u64) {
        match self {
            Self::Bucket(bucket) => bucket.take(policy, now),
            Self::FixedWindow(window) => window.take(policy, now),
            Self::SlidingLog(log) => log.take(policy, now),
            Self::SlidingCounter(counter) => counter.take(policy, now),
        }
    }
}

impl Standing {
    /// Of a caller who has `remaining` left, or none until `retry_after`.
    fn of(remaining: u64, retry_after: u64, whole_after: u64) -> Self {
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        let allowed = remaining > 0;
        let retry_after = if allowed { 0 } else { retry_after };
        Self { allowed, remaining, retry_after, whole_after }
    }

    /// How it stands right after a request has passed: that one did, whatever the next one would.
    pub(in crate::resilience) fn after_passing(self) -> Self {
        Self { allowed: true, ..self }
    }
}
