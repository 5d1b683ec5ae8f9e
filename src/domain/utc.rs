//! How a time is written for others: RFC 3339, UTC, milliseconds, ending in `Z`, or as HTTP's own header fields have it;
//! holds no clock.

use std::fmt;

use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// A date of HTTP's header fields (RFC 9110 §5.6.7): `Sun, 22 Nov 2026 20:18:00 GMT`.
pub const HTTP_DATE: StaticFormatDescription = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// `None` for what is no [`HTTP_DATE`], and for the two forms that nobody has sent for decades.
pub fn parse_http_date(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, HTTP_DATE).ok().map(PrimitiveDateTime::assume_utc)
}

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
