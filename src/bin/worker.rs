//! The `worker` program: outbox, consumers and timers alone, any number of them beside each other; it does no work itself.

use std::process::ExitCode;

use till::app::{program, worker};
use till::config::Program;

fn main() -> ExitCode {
    program::start("worker", Program::Worker, async |config, telemetry| {
        worker::run(config, telemetry).await
    })
}
