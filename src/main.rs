//! The `till` program: reads the command line and settings, starts telemetry, hands over; it does no work itself.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use till::app;
use till::cli::{self, Command};
use till::config::{Config, Environment};
use till::domain::clock::SystemClock;
use till::resilience::fail_point;
use till::telemetry;

/// Wrong settings or an unknown command, as against a failure of the work itself.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let (command, environment) = match cli::parse(std::env::args_os(), Environment::from_process())
    {
        Ok(understood) => understood,
        Err(error) => error.exit(),
    };
    run(&command, &environment)
        .unwrap_or_else(|error| say(&with_causes(&*error), ExitCode::FAILURE))
}

fn run(command: &Command, environment: &Environment) -> Result<ExitCode, Box<dyn Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_installed| "a cryptographic provider is installed twice")?;
    let Some(program) = command.program() else {
        return without_settings(command);
    };
    let config = match Config::load(program, environment) {
        Ok(config) => config,
        Err(errors) if *command == Command::Doctor => {
            return Ok(cli::doctor::report_settings(&errors)?);
        }
        Err(errors) => return Ok(say(&errors.to_string(), MISUSED.into())),
    };
    let telemetry = telemetry::install(&config.log)?;
    fail_point::arm(environment.fail_point());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Doctor => return Ok(cli::doctor::run(&config, &SystemClock).await?),
            Command::Up => app::up::run(&config, &telemetry).await?,
            Command::Gateway => app::gateway::run(&config).await?,
            Command::Check(args) => return app::check::run(&config, args).await,
            Command::Migrate => app::database::run_migrate(&config).await?,
            Command::Seed(args) => app::seed::run(&config, args).await?,
            Command::Keys(args) => app::keys::run(&config, args).await?,
            Command::Openapi(_) | Command::Probe { .. } => return without_settings(command),
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn without_settings(command: &Command) -> Result<ExitCode, Box<dyn Error>> {
    let Command::Probe { url } = command else { return app::documents::run(command) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(cli::probe::run(url))?;
    Ok(ExitCode::SUCCESS)
}

/// The error and what led to it, each told once.
fn with_causes(error: &dyn Error) -> String {
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
fn say(faults: &str, code: ExitCode) -> ExitCode {
    let mut stderr = io::stderr().lock();
    for fault in faults.lines() {
        // Where nobody listens there is nobody to tell.
        drop(writeln!(stderr, "till: {fault}"));
    }
    code
}
