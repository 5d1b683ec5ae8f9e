//! Time as HTTP's own header fields have it (RFC 9110 §5.6.7): whole seconds; holds no clock.

use std::fmt;

use time::{Duration, OffsetDateTime, UtcOffset};

use crate::domain::utc::{HTTP_DATE, parse_http_date};

/// `Sun, 22 Nov 2026 20:18:00 GMT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpDate(OffsetDateTime);

impl HttpDate {
    /// The whole second that this time falls into.
    pub fn at(time: OffsetDateTime) -> Self {
        Self(time.to_offset(UtcOffset::UTC))
    }

    /// The `Last-Modified` of what changed at `change`: the second after it, so that what is seen within the second
    /// of one change never passes for what another change of that second made. It is no date to show before it
    /// [has come](Self::has_come).
    pub fn after(change: OffsetDateTime) -> Option<Self> {
        let second = change.to_offset(UtcOffset::UTC).replace_nanosecond(0).ok()?;
        second.checked_add(Duration::SECOND).map(Self)
    }

    pub fn has_come(self, now: OffsetDateTime) -> bool {
        self.0 <= now
    }

    /// `None` for what is no date.
    pub fn parse(text: &str) -> Option<Self> {
        parse_http_date(text).map(Self)
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(HTTP_DATE).map_err(|_year_beyond_four_digits| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::HttpDate;

    #[test]
    fn a_date_is_written_as_http_has_it_and_read_back() {
        let changed = datetime!(2026-11-23 04:17:59.9 +8);
        let date = HttpDate::after(changed).unwrap();
        assert_eq!(date.to_string(), "Sun, 22 Nov 2026 20:18:00 GMT");
        assert_eq!(HttpDate::parse("Sun, 22 Nov 2026 20:18:00 GMT"), Some(date));
        for none in ["", "yesterday", "2026-11-22T20:18:00Z", "Sun Nov 22 20:18:00 2026"] {
            assert_eq!(HttpDate::parse(none), None, "{none}");
        }
    }

    #[test]
    fn two_changes_of_one_second_never_share_a_date_that_was_shown() {
        let first = HttpDate::after(datetime!(2026-11-22 20:18:00.2 UTC)).unwrap();
        assert!(!first.has_come(datetime!(2026-11-22 20:18:00.7 UTC)));
        assert!(first.has_come(datetime!(2026-11-22 20:18:01 UTC)));
        let second = HttpDate::after(datetime!(2026-11-22 20:18:01 UTC)).unwrap();
        assert!(second > first);
    }
}
