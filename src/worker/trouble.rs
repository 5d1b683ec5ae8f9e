//! A fault that lasts is told once, not at every try, and the tries grow rarer; it mends nothing.

use std::error::Error;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a loop fares.
#[derive(Debug)]
pub(super) struct Trouble {
    what: &'static str,
    failures: u32,
}

impl Trouble {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, failures: 0 }
    }

    /// Notes a failure; how long to pause.
    pub(super) fn failed(&mut self, error: &(dyn Error + 'static)) -> Duration {
        if self.failures == 0 {
            tracing::error!(what = self.what, error, "failed; told once until it works again");
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// Notes that it works.
    pub(super) fn over(&mut self) {
        if self.failures > 0 {
            tracing::info!(what = self.what, failures = self.failures, "works again");
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST_PAUSE, Trouble};

    #[test]
    fn pauses_grow_stay_bounded_and_begin_anew() {
        let mut trouble = Trouble::new("test");
        let error = std::io::Error::other("away");
        let mut pauses = (0..40).map(|_| trouble.failed(&error));
        let first = pauses.next();
        assert_eq!((first, pauses.last()), (Some(Duration::from_millis(250)), Some(LONGEST_PAUSE)));
        trouble.over();
        assert_eq!(Some(trouble.failed(&error)), first);
    }
}
