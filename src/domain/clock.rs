//! Time as a parameter: the one place that asks the system for it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::SystemTime;

use time::{Duration, OffsetDateTime};

/// Tells the time, in UTC, cut to the microseconds that Postgres keeps.
pub trait Clock: Send + Sync {
    fn now(&self) -> OffsetDateTime;

    /// The same in microseconds since the epoch, 0 before it; where no calendar is needed this is the cheaper one.
    fn microseconds(&self) -> u64 {
        let now = self.now();
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        seconds * 1_000_000 + u64::from(now.microsecond())
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    fn now(&self) -> OffsetDateTime {
        to_microseconds(OffsetDateTime::now_utc())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    fn microseconds(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

/// The system's clock plus what was added by hand: the test clock of `till up`.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    shift: Mutex<Duration>,
}

impl ShiftedClock {
    /// Moves time forward for good; a negative duration is ignored, since time never runs back here.
    pub fn advance(&self, by: Duration) {
        let mut shift = self.shift.lock().unwrap_or_else(PoisonError::into_inner);
        *shift = shift.saturating_add(by.max(Duration::ZERO));
    }

    /// How far ahead of the system's clock this one is.
    pub fn shift(&self) -> Duration {
        *self.shift.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> OffsetDateTime {
        let now = SystemClock.now();
        now.checked_add(self.shift()).unwrap_or(now)
    }
}

/// A clock that stands still until it is moved, or goes on by a step each time it is looked at.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<OffsetDateTime>,
    step: Mutex<Duration>,
}

impl ManualClock {
    pub fn starting_at(now: OffsetDateTime) -> Self {
        Self { now: Mutex::new(to_microseconds(now)), step: Mutex::default() }
    }

    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(*now);
    }

    /// From now on no two looks see the same time.
    pub fn tick(&self, step: Duration) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// Sets it, as an operator or a time server might, also to before.
    pub fn set(&self, now: OffsetDateTime) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = to_microseconds(now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        let step = *self.step.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = *now;
        *now = seen.checked_add(step).unwrap_or(seen);
        seen
    }
}

fn to_microseconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_microsecond(time.microsecond()).unwrap_or(time)
}
