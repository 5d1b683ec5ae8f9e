//! Gives `till keys` its part: the database that settings name.

use super::{AppError, database, services};
use crate::cli::{self, KeysArgs};
use crate::config::Config;
use crate::domain::ambient::Ambient;

/// `till keys …`.
///
/// # Errors
/// The database doesn't answer, or its keys can't be opened.
pub async fn run(config: &Config, args: &KeysArgs) -> Result<(), AppError> {
    let url = config.database.url.as_ref().ok_or(AppError::NoDatabase)?;
    let pool = database::pool(url, &config.database)?;
    let services = services::open(config, &pool, &Ambient::system(), None);
    let done = cli::keys::run(&services, args).await;
    pool.close().await;
    Ok(done?)
}
