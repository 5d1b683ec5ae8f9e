//! The start of a program whose parts may not be there yet: says once what it waits for, and waits; it mends nothing.
//!
//! Only Postgres, with the migrations of this program, is waited for. Without Redis and RabbitMQ the service is worse
//! but there, so their absence is told and shown in `/readyz`, and nothing waits.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::domain::clock::SystemClock;
use crate::service::health::{inspect_database, ping_broker, ping_redis};

const PAUSE: Duration = Duration::from_millis(500);

/// Waits until the database is there and its schema is this program's; `None` where the stop came first.
pub async fn wait(
    config: &Config,
    database: &SecretString,
    stop: &CancellationToken,
) -> Option<()> {
    let without = stop.run_until_cancelled(absent(config)).await?;
    let mut told = None;
    while let Some(fault) = stop.run_until_cancelled(fault_of(database)).await? {
        if told.as_ref() != Some(&fault) {
            tracing::warn!(
                waiting_for = "postgres",
                fault,
                without,
                "not everything is there yet: waiting"
            );
            told = Some(fault);
        }
        stop.run_until_cancelled(sleep(PAUSE)).await?;
    }
    match (without.as_str(), told) {
        ("", None) => tracing::info!("everything is there"),
        ("", Some(_)) => tracing::info!("what was waited for is there"),
        _ => tracing::warn!(without, "going on without what is not there; it is used once it is"),
    }
    Some(())
}

/// Why the database can't be worked with, in words that say what to do.
async fn fault_of(database: &SecretString) -> Option<String> {
    let schema = match inspect_database(database, &SystemClock).await {
        Ok(report) => report.schema,
        Err(error) => return Some(error.to_string()),
    };
    if schema.changed > 0 {
        return Some(format!("{} applied migrations are not this program's", schema.changed));
    }
    (schema.pending > 0)
        .then(|| format!("{} migrations are not applied: run `till migrate`", schema.pending))
}

/// What the program can do without and is not there, with the reasons.
async fn absent(config: &Config) -> String {
    let redis = async {
        let fault = ping_redis(config.redis.url.as_ref()?).await.err()?;
        Some(format!("redis ({fault})"))
    };
    let broker = async {
        let fault = ping_broker(config.broker.url.as_ref()?).await.err()?;
        Some(format!("rabbitmq ({fault})"))
    };
    let (redis, broker) = tokio::join!(redis, broker);
    redis.into_iter().chain(broker).collect::<Vec<_>>().join(", ")
}
