//! What is on its way out, as a part of a process: how it is treated, and who still calls it.

use crate::api::versions::Versions;
use crate::config::Config;
use crate::service::Services;
use crate::service::deprecated_calls::DeprecatedCalls;
use crate::shutdown::Shutdown;

/// Counts from now on, and writes the counts down until the process stops.
pub fn open(config: &Config, services: &Services, shutdown: &Shutdown) -> Versions {
    let calls = DeprecatedCalls::default();
    let writing = calls.clone().keep_flushing(services.clone(), shutdown.stop_background());
    shutdown.background().spawn(writing);
    Versions { after_sunset: config.after_sunset, calls }
}
