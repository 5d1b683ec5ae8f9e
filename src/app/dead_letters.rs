//! Gives `till dead-letters` its parts: the database that settings name, and the consumers that this program has.

use std::error::Error;
use std::process::ExitCode;

use super::{AppError, database, services};
use crate::cli::{self, DeadLettersArgs};
use crate::config::Config;
use crate::domain::ambient::Ambient;
use crate::worker::consumers::NAMES;

/// `till dead-letters …`.
///
/// # Errors
/// No database is named, or standard output is closed.
pub async fn run(config: &Config, args: &DeadLettersArgs) -> Result<ExitCode, Box<dyn Error>> {
    let url = config.database.url.as_ref().ok_or(AppError::NoDatabase)?;
    let pool = database::pool(url, &config.database)?;
    let services = services::open(config, &pool, &Ambient::system(), None);
    let code = cli::dead_letters::run(&services, args, &NAMES).await?;
    pool.close().await;
    Ok(code)
}
