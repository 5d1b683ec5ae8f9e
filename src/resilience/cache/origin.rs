//! Whether values can be loaded at all: once loading fails, what is held is served at once and few go and look; it loads
//! nothing itself.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use time::OffsetDateTime;

/// Loads that failed one after the other, after which nobody waits for another one.
const GIVEN_UP: u32 = 3;

/// Between two looks at an origin that is away; milliseconds.
const BETWEEN_LOOKS: i64 = 500;

/// How loads ended lately.
#[derive(Debug, Default)]
pub struct Origin {
    /// Without a success between them.
    failures: AtomicU32,
    /// When one may look again; milliseconds since 1970.
    next_look: AtomicI64,
}

impl Origin {
    pub fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    pub fn failed(&self, now: OffsetDateTime) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.next_look.store(milliseconds(now) + BETWEEN_LOOKS, Ordering::Relaxed);
    }

    /// The last load failed: rather something old at once.
    pub fn is_failing(&self) -> bool {
        self.failures.load(Ordering::Relaxed) > 0
    }

    /// Several did: rather nothing at once, but for the one who looks.
    pub fn is_away(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= GIVEN_UP
    }

    /// Whether this caller is the one who looks whether it is back.
    pub fn may_look(&self, now: OffsetDateTime) -> bool {
        let now = milliseconds(now);
        // What is due later than it could have been set was set before the clock was put back.
        let is_due = |due: i64| due <= now || due > now + BETWEEN_LOOKS;
        let next = |due: i64| is_due(due).then_some(now + BETWEEN_LOOKS);
        self.next_look.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::Origin;

    #[test]
    fn one_in_half_a_second_looks_and_a_clock_that_is_put_back_keeps_nobody_from_it() {
        let (origin, now) =
            (Origin::default(), OffsetDateTime::UNIX_EPOCH + Duration::days(20_000));
        origin.failed(now);
        assert!(!origin.may_look(now));
        assert!(!origin.may_look(now + Duration::milliseconds(499)));
        assert!(origin.may_look(now + Duration::milliseconds(500)));
        assert!(!origin.may_look(now + Duration::milliseconds(500)));
        let before = now - Duration::hours(1);
        assert!(origin.may_look(before));
        assert!(!origin.may_look(before));
    }
}
