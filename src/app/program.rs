//! From `main` to a running program: settings, telemetry, runtime, and the last word when it can't go on; knows no part.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use super::AppError;
use crate::cli;
use crate::config::{Config, Environment, Program};
use crate::resilience::fail_point;
use crate::telemetry::{self, Telemetry};

/// Wrong settings, as against a failure of the work itself.
const MISUSED: u8 = 2;

/// Runs a program that has settings and nothing else on its command line.
pub fn start(
    name: &'static str,
    program: Program,
    run: impl AsyncFnOnce(Config, Telemetry) -> Result<(), AppError>,
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
    match run_with(&environment, config, run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(name, &error.to_string(), ExitCode::FAILURE),
    }
}

fn run_with(
    environment: &Environment,
    config: Config,
    run: impl AsyncFnOnce(Config, Telemetry) -> Result<(), AppError>,
) -> Result<(), Box<dyn Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_installed| "a cryptographic provider is installed twice")?;
    let telemetry = telemetry::install(&config.log)?;
    fail_point::arm(environment.fail_point());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(run(config, telemetry))?)
}

/// The last word to whoever started the program, one line per fault.
fn say(name: &str, faults: &str, code: ExitCode) -> ExitCode {
    let mut stderr = io::stderr().lock();
    for fault in faults.lines() {
        // Where nobody listens there is nobody to tell.
        drop(writeln!(stderr, "{name}: {fault}"));
    }
    code
}
