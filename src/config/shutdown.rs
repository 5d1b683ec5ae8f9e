//! How long a process may take to stop.

use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::duration;
use super::{Exposure, Setting};

pub const SHUTDOWN_GRACE: Setting = Setting {
    name: "TILL_SHUTDOWN_GRACE",
    exposure: Exposure::Plain { flag: "shutdown-grace" },
    expects: "a duration from 0s to 10m",
    default: Some("25s"),
    example: "25s",
    help: "Longest time to finish what runs after SIGTERM; keep it below the supervisor's own limit (Kubernetes: 30s).",
};

/// How the process stops.
#[derive(Debug)]
pub struct Shutdown {
    /// Longest time to finish what runs, 0 to 10 min (`TILL_SHUTDOWN_GRACE`).
    pub grace: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Shutdown, Noted> {
    let bounds = Duration::ZERO..=Duration::from_secs(600);
    Ok(Shutdown { grace: reader.defaulted(&SHUTDOWN_GRACE, |text| duration(text, bounds))? })
}
