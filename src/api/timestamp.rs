//! Time as clients see it: RFC 3339, UTC, milliseconds, ending in `Z`; holds no clock.

use serde::{Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

use crate::domain::Violation;
use crate::domain::utc::Utc;

/// `2026-11-22T20:18:00.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-22T20:18:00.123Z")]
pub struct Timestamp(pub OffsetDateTime);

impl Timestamp {
    /// Any offset will do; what comes of it is UTC.
    ///
    /// # Errors
    /// `invalid_format` for what RFC 3339 does not know, in UTC neither.
    pub fn parse(text: &str) -> Result<OffsetDateTime, Violation> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok();
        // The last evening of 9999 in the west is no time any more in UTC.
        time.and_then(|time| time.checked_to_offset(UtcOffset::UTC)).ok_or_else(|| {
            Violation::new("invalid_format", "must be a time, such as 2026-11-22T20:18:00.123Z")
        })
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(time: OffsetDateTime) -> Self {
        Self(time)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Utc(self.0).fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::Timestamp;

    #[test]
    fn another_offset_is_shown_in_utc_with_milliseconds() {
        let time = datetime!(2026-11-23 04:18:00.123456 +8);
        assert_eq!(Timestamp(time).to_string(), "2026-11-22T20:18:00.123Z");
    }

    #[test]
    fn a_time_that_utc_does_not_reach_is_none() {
        let last = Timestamp::parse("9999-12-31T23:59:59Z").unwrap();
        assert_eq!(Timestamp(last).to_string(), "9999-12-31T23:59:59.000Z");
        let refused = Timestamp::parse("9999-12-31T23:59:59-00:01").unwrap_err();
        assert_eq!(refused.code, "invalid_format");
    }
}
