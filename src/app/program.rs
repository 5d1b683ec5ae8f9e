//! From `main` to a running program: settings, telemetry, runtime, and the last word when it can't go on; knows no part.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use mimalloc::MiMalloc;
use tokio::runtime::Runtime;

use super::AppError;
use crate::cli;
use crate::config::{Config, Environment, Program};
use crate::domain::ambient::Ambient;
use crate::resilience::fail_point;
use crate::telemetry::{self, Telemetry, TelemetryError};

/// Whose own time is a good part of a short answer: each request makes and drops many small things.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Wrong settings or an unknown command, as against a failure of the work itself.
pub const MISUSED: u8 = 2;

/// Runs a program that has settings and nothing else on its command line.
pub fn start(
    name: &'static str,
    program: Program,
    run: impl AsyncFnOnce(&Config, &Telemetry) -> Result<(), AppError>,
) -> ExitCode {
    let line = std::env::args_os();
    let environment = match cli::parse_settings(name, line, Environment::from_process()) {
        Ok(environment) => environment,
        Err(error) => error.exit(),
    };
    let config = match Config::load(program, &environment) {
        Ok(config) => config,
        Err(errors) => return say(name, &errors.to_string(), MISUSED.into()),
    };
    match run_with(&environment, &config, run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(name, &with_causes(&*error), ExitCode::FAILURE),
    }
}

fn run_with(
    environment: &Environment,
    config: &Config,
    run: impl AsyncFnOnce(&Config, &Telemetry) -> Result<(), AppError>,
) -> Result<(), Box<dyn Error>> {
    install_cryptography()?;
    let telemetry = start_telemetry(config)?;
    fail_point::arm(environment.fail_point());
    Ok(runtime()?.block_on(run(config, &telemetry))?)
}

/// Logs, metrics and traces of this process, under an id that no other has; outside the runtime, where it also ends.
///
/// # Errors
/// See [`telemetry::install`].
pub fn start_telemetry(config: &Config) -> Result<Telemetry, TelemetryError> {
    telemetry::install(&config.log, config.traces.as_ref(), Ambient::system().uuid())
}

/// What TLS is made with; before anything that may speak it.
///
/// # Errors
/// It was done before.
pub fn install_cryptography() -> Result<(), &'static str> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_installed| "a cryptographic provider is installed twice")
}

/// Where all tasks of a program run.
///
/// # Errors
/// The system gives no threads.
pub fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// The error and what led to it, each told once.
pub fn with_causes(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let why = source.to_string();
        if !told.contains(&why) {
            told = format!("{told}: {why}");
        }
        cause = source.source();
    }
    told
}

/// The last word to whoever started the program, one line per fault.
pub fn say(name: &str, faults: &str, code: ExitCode) -> ExitCode {
    let mut stderr = io::stderr().lock();
    for fault in faults.lines() {
        // Where nobody listens there is nobody to tell.
        drop(writeln!(stderr, "{name}: {fault}"));
    }
    code
}
