//! Gives `till seed` its parts: the database and the gateway that settings name.

use super::{AppError, database, redis, services};
use crate::cli::{self, SeedArgs};
use crate::config::{BaseUrl, Config};
use crate::domain::ambient::Ambient;
use crate::service::Services;
use crate::service::demo::{Demo, SandboxHistory};

/// What a seeding works with; `gateway`: where this process reaches it.
///
/// # Errors
/// The machine's TLS set-up.
pub fn open(config: &Config, services: &Services, gateway: &BaseUrl) -> Result<Demo, AppError> {
    let history =
        SandboxHistory::new(gateway.clone()).map_err(|error| AppError::Part(error.into()))?;
    Ok(Demo { services: services.clone(), history, stage: config.stage })
}

/// `till seed`.
///
/// # Errors
/// It can't be done where or as it was asked for; what was written stays.
pub async fn run(config: &Config, args: &SeedArgs) -> Result<(), AppError> {
    let url = config.database.url.as_ref().ok_or(AppError::NoDatabase)?;
    let pool = database::pool(url, &config.database)?;
    let redis = redis::open(config)?;
    let services = services::open(config, &pool, &Ambient::system(), redis.as_ref());
    let demo = open(config, &services, &config.gateway.url)?;
    let seeded = cli::seed::run(&demo, args).await;
    pool.close().await;
    Ok(seeded?)
}
