//! The `till` program: reads the command line and settings, starts telemetry, hands over; it does no work itself.

use std::error::Error;
use std::process::ExitCode;

use till::app;
use till::app::program::{
    MISUSED, install_cryptography, runtime, say, start_telemetry, with_causes,
};
use till::cli::{self, Command};
use till::config::{Config, Environment};
use till::domain::clock::SystemClock;
use till::resilience::fail_point;

const NAME: &str = "till";

fn main() -> ExitCode {
    let (command, environment) = match cli::parse(std::env::args_os(), Environment::from_process())
    {
        Ok(understood) => understood,
        Err(error) => error.exit(),
    };
    run(&command, &environment)
        .unwrap_or_else(|error| say(NAME, &with_causes(&*error), ExitCode::FAILURE))
}

fn run(command: &Command, environment: &Environment) -> Result<ExitCode, Box<dyn Error>> {
    install_cryptography()?;
    let Some(program) = command.program() else {
        return without_settings(command);
    };
    let config = match Config::load(program, environment) {
        Ok(config) => config,
        Err(errors) if *command == Command::Doctor => {
            return Ok(cli::doctor::report_settings(&errors)?);
        }
        Err(errors) => return Ok(say(NAME, &errors.to_string(), MISUSED.into())),
    };
    let telemetry = start_telemetry(&config)?;
    fail_point::arm(environment.fail_point());
    runtime()?.block_on(async {
        match command {
            Command::Doctor => return Ok(cli::doctor::run(&config, &SystemClock).await?),
            Command::Up => app::up::run(&config, &telemetry).await?,
            Command::Gateway => app::gateway::run(&config, &telemetry).await?,
            Command::Check(args) => return app::check::run(&config, args).await,
            Command::DeadLetters(args) => return app::dead_letters::run(&config, args).await,
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
