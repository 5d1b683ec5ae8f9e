//! Fail points: places at which a test lets the whole process die, to see that whoever comes next finishes what it left.
//!
//! A process that is started with `FAIL_POINT=payments.claimed` aborts when it comes to that point; with
//! `FAIL_POINT=payments.claimed#2` when it comes there for the second time. Release builds have none: there
//! [`here`] is empty and the variable is not read.
//!
//! | point | the process dies |
//! | --- | --- |
//! | `payments.claiming` | before the claim commits: nothing was asked for |
//! | `payments.claimed` | after that, before the gateway is called |
//! | `payments.answered` | after the gateway has answered, before that is written down |
//! | `payments.settling` | before the settlement commits |
//! | `payments.settled` | after that, before the client hears of it |
//! | `outbox.published` | after a message was taken by the broker, before it is marked as sent |
//! | `jobs.written` | after a report's file is there, before the report is said to be complete |
//! | `jobs.batch` | after a batch of an import's rows was applied, before the next one |

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// The one point at which this process dies.
    pub(super) struct Armed {
        name: String,
        /// Passages that are still survived.
        spared: AtomicU32,
    }

    pub(super) static ARMED: OnceLock<Armed> = OnceLock::new();

    impl Armed {
        pub(super) fn parse(text: &str) -> Self {
            let (name, passage) = text.split_once('#').unwrap_or((text, "1"));
            let passage: u32 = passage.parse().unwrap_or(1);
            Self { name: name.to_owned(), spared: AtomicU32::new(passage.saturating_sub(1)) }
        }

        pub(super) fn is_over_at(&self, name: &str) -> bool {
            let less = |spared: u32| spared.checked_sub(1);
            self.name == name
                && self.spared.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err()
        }
    }
}

/// Arms the point that was asked for, if one was; the first call counts.
pub fn arm(point: Option<&str>) {
    #[cfg(debug_assertions)]
    if let Some(point) = point
        && armed::ARMED.set(armed::Armed::parse(point)).is_ok()
    {
        tracing::warn!(point, "a fail point is armed: the process dies when it comes there");
    }
    #[cfg(not(debug_assertions))]
    let _ = point;
}

/// Dies here, with no time to tidy up, where this point is armed.
#[inline]
pub fn here(name: &'static str) {
    #[cfg(debug_assertions)]
    if armed::ARMED.get().is_some_and(|armed| armed.is_over_at(name)) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::armed::Armed;

    #[test]
    fn a_point_is_over_at_the_passage_it_names_and_at_no_other_point() {
        let armed = Armed::parse("payments.claimed#3");
        assert!(!armed.is_over_at("payments.settled"));
        let passages = [(); 4].map(|()| armed.is_over_at("payments.claimed"));
        assert_eq!(passages, [false, false, true, true]);
        assert!(Armed::parse("payments.claimed").is_over_at("payments.claimed"));
    }
}
