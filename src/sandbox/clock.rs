//! The provider's clock: the one place here that asks for the time; nothing else may.

use time::OffsetDateTime;

/// Tells the time, so that tests can hold it still.
pub trait Clock: Send + Sync + 'static {
    /// The present instant in UTC, in whole milliseconds.
    fn now(&self) -> OffsetDateTime;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the provider's own clock; it shares none with Till"
    )]
    fn now(&self) -> OffsetDateTime {
        whole_milliseconds(OffsetDateTime::now_utc())
    }
}

/// Cuts an instant to what the wire format carries.
fn whole_milliseconds(at: OffsetDateTime) -> OffsetDateTime {
    let nanosecond = u32::from(at.millisecond()) * 1_000_000;
    at.replace_nanosecond(nanosecond).unwrap_or(at)
}
