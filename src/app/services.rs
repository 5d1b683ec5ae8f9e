//! What every program's use cases are given, made alike for each, and the probes of what they stand on.

use crate::config::Config;
use crate::domain::ambient::Ambient;
use crate::ops::{Importance, Probe};
use crate::service::Services;
use crate::service::auth::{Auth, AuthSettings, SIGNING_KEYS_LABEL};
use crate::service::health::{ping_broker, ping_database, ping_redis};
use crate::service::pool::Pool;

/// Services over this pool; nothing is asked of it yet.
pub fn open(config: &Config, pool: &Pool, ambient: &Ambient) -> Services {
    let auth = Auth::new(AuthSettings {
        issuer: config.http.public_url.as_str().to_owned(),
        audience: config.http.public_url.as_str().to_owned(),
        key_encryption_key: config.root_key.derive(SIGNING_KEYS_LABEL),
    });
    Services { pool: pool.clone(), ambient: ambient.clone(), auth }
}

/// Without the database there is no service.
pub fn postgres_probe(pool: &Pool) -> Probe {
    let pool = pool.clone();
    Probe::new("postgres", Importance::Required, move || {
        let pool = pool.clone();
        async move { ping_database(&pool).await }
    })
}

/// Without Redis each process limits and caches by itself.
pub fn redis_probe(config: &Config) -> Option<Probe> {
    let url = config.redis.url.clone()?;
    Some(Probe::new("redis", Importance::Optional, move || {
        let url = url.clone();
        async move { ping_redis(&url).await }
    }))
}

/// Without the broker messages wait in the outbox.
pub fn broker_probe(config: &Config) -> Option<Probe> {
    let url = config.broker.url.clone()?;
    Some(Probe::new("rabbitmq", Importance::Optional, move || {
        let url = url.clone();
        async move { ping_broker(&url).await }
    }))
}
