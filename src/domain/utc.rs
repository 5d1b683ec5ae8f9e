//! How a time is written for others, always in UTC: for programs as RFC 3339 or as HTTP's header fields have it, for
//! people in words; holds no clock.

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

/// For programs, RFC 3339 with milliseconds: `2026-11-22T20:18:00.123Z`.
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

/// For people: `22 November 2026, 20:18 UTC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readable(pub OffsetDateTime);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.to_offset(UtcOffset::UTC);
        let (day, month, year) = (utc.day(), utc.month(), utc.year());
        write!(f, "{day} {month} {year}, {:02}:{:02} UTC", utc.hour(), utc.minute())
    }
}

/// A day, for people and programs alike: `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub OffsetDateTime);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0.to_offset(UtcOffset::UTC).date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::{Day, Readable, Utc};

    #[test]
    fn a_time_of_another_offset_is_told_in_utc() {
        let late = datetime!(2026-03-01 01:05:59.999_999 +08:00);
        assert_eq!(Utc(late).to_string(), "2026-02-28T17:05:59.999Z");
        assert_eq!(Day(late).to_string(), "2026-02-28");
        assert_eq!(Readable(late).to_string(), "28 February 2026, 17:05 UTC");
    }
}
