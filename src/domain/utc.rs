//! How a time is written for others: RFC 3339, UTC, milliseconds, ending in `Z`; holds no clock.

use std::fmt;

use time::{OffsetDateTime, UtcOffset};

/// `2026-11-22T20:18:00.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utc(pub OffsetDateTime);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.to_offset(UtcOffset::UTC);
        let (date, clock) = (utc.date(), utc.time());
        let (hour, minute, second, millisecond) = clock.as_hms_milli();
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
        )
    }
}
