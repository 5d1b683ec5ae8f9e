//! The cache of the public catalogue: how long what is in it serves, and how much of it a process holds.

use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::{duration, number};
use super::{Exposure, Setting};

pub const TTL: Setting = Setting {
    name: "TILL_CACHE_TTL",
    exposure: Exposure::Plain { flag: "cache-ttl" },
    expects: "a duration from 1s to 1h",
    default: Some("60s"),
    example: "5m",
    help: "How long a part of the catalogue is fresh; for as long again it is served while one request refreshes it. Changes are seen at once, whatever this is.",
};

pub const STALE: Setting = Setting {
    name: "TILL_CACHE_STALE",
    exposure: Exposure::Plain { flag: "cache-stale" },
    expects: "a duration from 0s to 30d",
    default: Some("1d"),
    example: "1h",
    help: "For how long after that the catalogue is served where the database does not answer.",
};

pub const ENTRIES: Setting = Setting {
    name: "TILL_CACHE_ENTRIES",
    exposure: Exposure::Plain { flag: "cache-entries" },
    expects: "a whole number from 100 to 10000000",
    default: Some("10000"),
    example: "100000",
    help: "Most products that one process holds by themselves, and as many again in lists; 1 KiB each with a short description, 20 KiB with the longest.",
};

/// The cache of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Cache {
    /// How long a value is fresh, 1 s to 1 h (`TILL_CACHE_TTL`).
    pub ttl: Duration,
    /// How long it serves without a database, up to 30 d (`TILL_CACHE_STALE`).
    pub stale: Duration,
    /// Most products in one process (`TILL_CACHE_ENTRIES`).
    pub entries: u32,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Cache, Noted> {
    const DAY: u64 = 24 * 60 * 60;
    let span = |least, most| Duration::from_secs(least)..=Duration::from_secs(most);
    let ttl = reader.defaulted(&TTL, |text| duration(text, span(1, 3_600)));
    let stale = reader.defaulted(&STALE, |text| duration(text, span(0, 30 * DAY)));
    let entries = reader.defaulted(&ENTRIES, |text| number(text, 100..=10_000_000));
    Ok(Cache { ttl: ttl?, stale: stale?, entries: entries? })
}
