//! Bounds of the connections of one listener: how many, and how long one may keep its peer waiting.

use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::{duration, number};
use super::{Exposure, Setting};

pub const MAX_CONNECTIONS: Setting = Setting {
    name: "TILL_MAX_CONNECTIONS",
    exposure: Exposure::Plain { flag: "max-connections" },
    expects: "a whole number from 1 to 1000000",
    default: Some("10000"),
    example: "10000",
    help: "Most open connections of the public listener; more wait to be accepted. Keep the limit of open files above it.",
};
pub const HEADER_DEADLINE: Setting = Setting {
    name: "TILL_HEADER_DEADLINE",
    exposure: Exposure::Plain { flag: "header-deadline" },
    expects: "a duration from 10ms to 5m",
    default: Some("15s"),
    example: "75s",
    help: "Longest time a connection may idle or take to send the head of a request; keep it above a proxy's own idle time.",
};

/// The connections of one listener.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// Most open ones, 1 to 1 000 000 (`TILL_MAX_CONNECTIONS`).
    pub max: u32,
    /// Longest silence before a request and longest time for its head, 10 ms to 5 min (`TILL_HEADER_DEADLINE`).
    pub header_deadline: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Connections, Noted> {
    let max = reader.defaulted(&MAX_CONNECTIONS, |text| number(text, 1..=1_000_000));
    let header_deadline = reader.defaulted(&HEADER_DEADLINE, |text| {
        duration(text, Duration::from_millis(10)..=Duration::from_secs(300))
    });
    Ok(Connections { max: max?, header_deadline: header_deadline? })
}
