//! Postgres and the bounds of the pool of connections to it.

use std::time::Duration;

use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::value::{duration, number, url_of};
use super::{Exposure, Fault, Needed, Setting};

pub const DATABASE_URL: Setting = Setting {
    name: "DATABASE_URL",
    exposure: Exposure::Secret,
    expects: "a postgres:// URL",
    default: None,
    example: "postgres://till:PASSWORD@localhost:5432/till",
    help: "The Postgres database. `till up` runs a private one where it is unset.",
};

pub const POOL_MIN: Setting = Setting {
    name: "TILL_DATABASE_POOL_MIN",
    exposure: Exposure::Plain { flag: "database-pool-min" },
    expects: "a whole number from 0 to 1000",
    default: Some("5"),
    example: "5",
    help: "Connections kept open while idle.",
};

pub const POOL_MAX: Setting = Setting {
    name: "TILL_DATABASE_POOL_MAX",
    exposure: Exposure::Plain { flag: "database-pool-max" },
    expects: "a whole number from 2 to 1000",
    default: Some("20"),
    example: "20",
    help: "Most connections of one process; all processes together stay below Postgres' max_connections.",
};

pub const IDLE_TIMEOUT: Setting = Setting {
    name: "TILL_DATABASE_IDLE_TIMEOUT",
    exposure: Exposure::Plain { flag: "database-idle-timeout" },
    expects: "a duration from 1s to 1h",
    default: Some("30s"),
    example: "30s",
    help: "Connections beyond the least number are closed after idling so long.",
};

pub const ACQUIRE_TIMEOUT: Setting = Setting {
    name: "TILL_DATABASE_ACQUIRE_TIMEOUT",
    exposure: Exposure::Plain { flag: "database-acquire-timeout" },
    expects: "a duration from 50ms to 1m",
    default: Some("2s"),
    example: "2s",
    help: "Longest wait for a free connection; after it the answer is 503.",
};

pub const STATEMENT_TIMEOUT: Setting = Setting {
    name: "TILL_DATABASE_STATEMENT_TIMEOUT",
    exposure: Exposure::Plain { flag: "database-statement-timeout" },
    expects: "a duration from 50ms to 10m",
    default: Some("5s"),
    example: "5s",
    help: "Longest time of one statement of a request; Postgres cancels it after that.",
};

pub const LOCK_TIMEOUT: Setting = Setting {
    name: "TILL_DATABASE_LOCK_TIMEOUT",
    exposure: Exposure::Plain { flag: "database-lock-timeout" },
    expects: "a duration from 10ms to 10m",
    default: Some("2s"),
    example: "2s",
    help: "Longest wait of a request's statement for a row or a table that somebody else has locked; after it the answer is 503.",
};

pub const SLOW_STATEMENT: Setting = Setting {
    name: "TILL_DATABASE_SLOW_STATEMENT",
    exposure: Exposure::Plain { flag: "database-slow-statement" },
    expects: "a duration from 1ms to 10m",
    default: Some("500ms"),
    example: "200ms",
    help: "A statement that takes longer is logged, without its values.",
};

/// Postgres and the pool.
#[derive(Debug, Clone)]
pub struct Database {
    /// The database (`DATABASE_URL`); `None` only for programs that run without one or bring their own.
    pub url: Option<SecretString>,
    /// Connections kept open while idle, at most `pool_max` (`TILL_DATABASE_POOL_MIN`).
    pub pool_min: u32,
    /// Most connections of this process, 2 to 1000 (`TILL_DATABASE_POOL_MAX`).
    pub pool_max: u32,
    /// Idle connections beyond `pool_min` close after this, 1 s to 1 h (`TILL_DATABASE_IDLE_TIMEOUT`).
    pub idle_timeout: Duration,
    /// Longest wait for a connection, 50 ms to 1 min (`TILL_DATABASE_ACQUIRE_TIMEOUT`).
    pub acquire_timeout: Duration,
    /// Longest statement of a request, 50 ms to 10 min (`TILL_DATABASE_STATEMENT_TIMEOUT`).
    pub statement_timeout: Duration,
    /// Longest wait for a lock, 10 ms to 10 min (`TILL_DATABASE_LOCK_TIMEOUT`).
    pub lock_timeout: Duration,
    /// Statements that take longer are logged, 1 ms to 10 min (`TILL_DATABASE_SLOW_STATEMENT`).
    pub slow_statement: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>, needed: Needed) -> Result<Database, Noted> {
    let form = |text: &str| url_of(text, &["postgres", "postgresql"]).map(SecretString::from);
    let url = match needed {
        Needed::Yes => {
            let reason = "this program needs a database";
            reader.required(&DATABASE_URL, reason, form).map(Some)
        }
        Needed::No => reader.optional(&DATABASE_URL, form),
    };
    let (pool_min, pool_max) = read_pool_bounds(reader);
    let span = |least, most| Duration::from_millis(least)..=Duration::from_secs(most);
    let idle_timeout = reader.defaulted(&IDLE_TIMEOUT, |text| duration(text, span(1_000, 3_600)));
    let acquire_timeout = reader.defaulted(&ACQUIRE_TIMEOUT, |text| duration(text, span(50, 60)));
    let statement_timeout =
        reader.defaulted(&STATEMENT_TIMEOUT, |text| duration(text, span(50, 600)));
    let lock_timeout = reader.defaulted(&LOCK_TIMEOUT, |text| duration(text, span(10, 600)));
    let slow_statement = reader.defaulted(&SLOW_STATEMENT, |text| duration(text, span(1, 600)));
    Ok(Database {
        url: url?,
        pool_min: pool_min?,
        pool_max: pool_max?,
        idle_timeout: idle_timeout?,
        acquire_timeout: acquire_timeout?,
        statement_timeout: statement_timeout?,
        lock_timeout: lock_timeout?,
        slow_statement: slow_statement?,
    })
}

fn read_pool_bounds(reader: &mut Reader<'_>) -> (Result<u32, Noted>, Result<u32, Noted>) {
    let least = reader.defaulted(&POOL_MIN, |text| number(text, 0..=1_000));
    let most = reader.defaulted(&POOL_MAX, |text| number(text, 2..=1_000));
    match (least, most) {
        (Ok(least), Ok(most)) if least > most => {
            let why = format!("{least} is more than {} allows ({most})", POOL_MAX.name);
            (Err(reader.note(&POOL_MIN, Fault::Contradiction { why })), Ok(most))
        }
        bounds => bounds,
    }
}
