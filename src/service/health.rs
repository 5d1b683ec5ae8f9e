//! Whether the parts that Till stands on are as it needs them; it only looks, it mends nothing.

use std::time::Duration;

use secrecy::SecretString;
use sqlx::PgPool;
use tokio::time::timeout;

pub use crate::clients::probes::{ProbeError, ping_broker, ping_gateway, ping_mail, ping_redis};
use crate::domain::clock::Clock;
use crate::store;
pub use crate::store::health::SchemaState;

/// Longest time of all questions to the database together.
const PATIENCE: Duration = Duration::from_secs(5);

/// The database is not reached or does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseHealthError {
    /// Nothing came back in time.
    #[error("no answer in time")]
    Silent(#[from] tokio::time::error::Elapsed),
    /// It was not reached, refused, or failed.
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    /// Its list of migrations could not be read.
    #[error("{0}")]
    Migrations(#[from] sqlx::migrate::MigrateError),
}

/// What the database says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseReport {
    /// The server's version as one number, such as 170002 for 17.2.
    pub version: i32,
    /// How its schema compares with this program's.
    pub schema: SchemaState,
    /// How far its clock is ahead of ours; half of the round trip is not known.
    pub clock_skew: time::Duration,
    /// Signing keys in use; `None` where the schema does not have them yet.
    pub signing_keys: Option<i64>,
}

/// Looks at the database over a connection of its own.
///
/// # Errors
/// It is not reached, or does not answer within 5 s.
pub async fn inspect_database(
    url: &SecretString,
    clock: &dyn Clock,
) -> Result<DatabaseReport, DatabaseHealthError> {
    timeout(PATIENCE, inspect(url, clock)).await?
}

async fn inspect(
    url: &SecretString,
    clock: &dyn Clock,
) -> Result<DatabaseReport, DatabaseHealthError> {
    let mut conn = store::health::connect(url).await?;
    let version = store::health::find_version(&mut conn).await?;
    let before = clock.now();
    let theirs = store::health::find_time(&mut conn).await?;
    let after = clock.now();
    let schema = store::health::compare_schema(&mut conn).await?;
    let signing_keys = match schema.pending {
        0 => Some(store::health::count_signing_keys(&mut conn, after).await?),
        _ => None,
    };
    let clock_skew = theirs - (before + (after - before) / 2);
    Ok(DatabaseReport { version, schema, clock_skew, signing_keys })
}

/// Succeeds while a connection of the pool answers; for `/readyz`.
///
/// # Errors
/// There is no connection to be had, or it does not answer.
pub async fn ping_database(pool: &PgPool) -> Result<(), DatabaseHealthError> {
    let mut conn = pool.acquire().await?;
    Ok(store::health::ping(&mut conn).await?)
}
