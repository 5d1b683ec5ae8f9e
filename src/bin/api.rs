//! The `api` program: the public API alone, any number of them beside each other; it does no work itself.

use std::process::ExitCode;

use till::app::{api, program};
use till::config::Program;

fn main() -> ExitCode {
    program::start("api", Program::Api, async |config, telemetry| api::run(config, telemetry).await)
}
