//! Postgres as a process uses it: one pool with bounds, and the migrations; knows no table.

use std::str::FromStr;

use log::LevelFilter;
use secrecy::{ExposeSecret, SecretString};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::install::install;
use super::{AppError, services};
use crate::config::{Config, Database};
use crate::domain::ambient::Ambient;
use crate::service::pool::Pool;
use crate::store::health::MIGRATIONS;

/// A pool of connections; opens none yet, so that a process can start before its database.
///
/// # Errors
/// The address can't be read.
pub fn pool(url: &SecretString, settings: &Database) -> Result<Pool, AppError> {
    let milliseconds = |time: std::time::Duration| format!("{}ms", time.as_millis());
    let statement_timeout = milliseconds(settings.statement_timeout);
    let lock_timeout = milliseconds(settings.lock_timeout);
    let options = PgConnectOptions::from_str(url.expose_secret())?
        .application_name("till")
        .options([
            ("statement_timeout", statement_timeout.as_str()),
            ("lock_timeout", lock_timeout.as_str()),
        ])
        // The text has placeholders where the values were.
        .log_slow_statements(LevelFilter::Warn, settings.slow_statement);
    let pool = PgPoolOptions::new()
        .min_connections(settings.pool_min)
        .max_connections(settings.pool_max)
        .idle_timeout(settings.idle_timeout)
        .acquire_timeout(settings.acquire_timeout)
        // A ping before each use costs a seventh of the throughput; a dead connection shows itself soon enough.
        .test_before_acquire(false)
        .connect_lazy_with(options);
    Ok(Pool::from(pool))
}

/// Brings the schema up to date; several processes may try at once, one does it.
///
/// # Errors
/// The database doesn't answer, or a migration fails (and is rolled back).
pub async fn migrate(url: &SecretString) -> Result<(), AppError> {
    // A connection of its own: a migration may take longer than the pool's statements are allowed to.
    let mut conn = crate::store::health::connect(url).await?;
    MIGRATIONS.run(&mut conn).await?;
    tracing::info!("the database's schema is up to date");
    Ok(())
}

/// `till migrate`: the schema, the first signing key and the first administrator.
///
/// # Errors
/// See [`migrate`] and [`install`].
pub async fn run_migrate(config: &Config) -> Result<(), AppError> {
    let url = config.database.url.as_ref().ok_or(AppError::NoDatabase)?;
    migrate(url).await?;
    let pool = pool(url, &config.database)?;
    let services = services::open(config, &pool, &Ambient::system(), None);
    let installed = install(config, &services).await;
    pool.close().await;
    installed
}
