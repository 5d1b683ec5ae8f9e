//! Reports: what they tell of, in which format, over how long a time; and the cells that they are made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Violation;
use super::ids::UserId;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident: $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl FromStr for $name {
            type Err = Violation;

            fn from_str(text: &str) -> Result<Self, Violation> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|one| one.as_str() == text)
                    .ok_or_else(|| Violation::new("invalid_value", $what))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// What a report tells of.
    ReportKind: "must be sales, orders, payments, ledger or reconciliation" {
        /// What was sold of each product on each day.
        Sales = "sales",
        Orders = "orders",
        Payments = "payments",
        /// The journal, line by line.
        Ledger = "ledger",
        /// Our journal against the payment gateway's own record.
        Reconciliation = "reconciliation",
    }
}

named! {
    /// How a report is written.
    ReportFormat: "must be csv, xlsx or ndjson" {
        Csv = "csv",
        Xlsx = "xlsx",
        Ndjson = "ndjson",
    }
}

impl ReportFormat {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// The longest time that one report covers.
pub const LONGEST_PERIOD: Duration = Duration::days(366);

/// From a moment on, up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    #[serde(with = "time::serde::rfc3339")]
    pub from: OffsetDateTime,
    /// The first moment that is no part of it.
    #[serde(with = "time::serde::rfc3339")]
    pub to: OffsetDateTime,
}

impl Period {
    /// # Errors
    /// `out_of_range` where it ends before it begins, or is longer than [`LONGEST_PERIOD`].
    pub fn new(from: OffsetDateTime, to: OffsetDateTime) -> Result<Self, Violation> {
        if to <= from {
            return Err(Violation::new("out_of_range", "must be later than from"));
        }
        if to - from > LONGEST_PERIOD {
            let days = LONGEST_PERIOD.whole_days();
            let detail = format!("must be at most {days} days later than from");
            return Err(Violation::new("out_of_range", detail));
        }
        Ok(Self { from, to })
    }

    pub fn includes(&self, moment: OffsetDateTime) -> bool {
        (self.from..self.to).contains(&moment)
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportOrder {
    pub kind: ReportKind,
    pub format: ReportFormat,
    #[serde(flatten)]
    pub period: Period,
}

/// Which rows a report has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportScope {
    pub period: Period,
    /// `None`: everybody's.
    pub customer: Option<UserId>,
}

/// The finished file of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFile {
    /// Where it lies in the file store.
    pub key: String,
    pub bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    /// Not counting the head.
    pub rows: u64,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(i64),
    Time(OffsetDateTime),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<OffsetDateTime> for Cell {
    fn from(time: OffsetDateTime) -> Self {
        Self::Time(time)
    }
}

impl From<uuid::Uuid> for Cell {
    fn from(id: uuid::Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// The columns of each kind, in their order.
impl ReportKind {
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Sales => {
                &["day", "productId", "sku", "name", "currency", "orders", "quantity", "amount"]
            }
            Self::Orders => &[
                "orderId",
                "customerId",
                "status",
                "currency",
                "totalAmount",
                "paidAmount",
                "refundedAmount",
                "createdAt",
                "updatedAt",
            ],
            Self::Payments => &[
                "paymentId",
                "orderId",
                "customerId",
                "status",
                "amount",
                "amountCaptured",
                "amountRefunded",
                "currency",
                "paymentMethod",
                "captureMethod",
                "failureCode",
                "failureMessage",
                "createdAt",
                "updatedAt",
            ],
            Self::Ledger => &[
                "entryId",
                "line",
                "kind",
                "paymentId",
                "refundId",
                "orderId",
                "account",
                "currency",
                "amount",
                "recordedAt",
            ],
            Self::Reconciliation => &[
                "paymentId",
                "currency",
                "ourStatus",
                "ourAmount",
                "journalCaptured",
                "journalRefunded",
                "gatewayStatus",
                "gatewayAmount",
                "gatewayCaptured",
                "gatewayRefunded",
                "difference",
                "createdAt",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::{LONGEST_PERIOD, Period, ReportFormat, ReportKind};

    #[test]
    fn a_period_runs_forward_and_no_longer_than_a_year() {
        let from = datetime!(2026-01-01 0:00 UTC);
        assert!(Period::new(from, from + LONGEST_PERIOD).is_ok());
        for to in [from, from - Duration::SECOND, from + LONGEST_PERIOD + Duration::SECOND] {
            assert_eq!(Period::new(from, to).unwrap_err().code, "out_of_range");
        }
        assert!(Period::new(from, datetime!(2126-01-01 0:00 UTC)).is_err());
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in ReportKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for format in ReportFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        }
        assert!("CSV".parse::<ReportFormat>().is_err());
    }
}
