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

pub const SHUTDOWN_DELAY: Setting = Setting {
    name: "TILL_SHUTDOWN_DELAY",
    exposure: Exposure::Plain { flag: "shutdown-delay" },
    expects: "a duration from 0s to 1m",
    default: Some("0s"),
    example: "5s",
    help: "Time between /readyz saying no and the end of accepting, so that balancers look elsewhere first.",
};

/// How the process stops.
#[derive(Debug)]
pub struct Shutdown {
    /// Pause between not being ready and no longer accepting, 0 to 1 min (`TILL_SHUTDOWN_DELAY`).
    pub delay: Duration,
    /// Longest time to finish what runs, 0 to 10 min (`TILL_SHUTDOWN_GRACE`).
    pub grace: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Shutdown, Noted> {
    let within = |seconds| Duration::ZERO..=Duration::from_secs(seconds);
    let delay = reader.defaulted(&SHUTDOWN_DELAY, |text| duration(text, within(60)));
    let grace = reader.defaulted(&SHUTDOWN_GRACE, |text| duration(text, within(600)));
    Ok(Shutdown { delay: delay?, grace: grace? })
}
