//! What every program's use cases are given, made alike for each, and the probes of what they stand on.

use std::sync::Arc;

use crate::clients::redis::Redis;
use crate::clients::redis::cache::RedisTier;
use crate::config::Config;
use crate::domain::ambient::Ambient;
use crate::ops::{Importance, Probe};
use crate::resilience::cache::tier::CacheTier;
use crate::service::Services;
use crate::service::audit;
use crate::service::auth::{
    ACCOUNT_TOKENS_LABEL, API_KEYS_LABEL, Auth, AuthSettings, CLIENT_SECRETS_LABEL,
    OAUTH_FORMS_LABEL, SIGNING_KEYS_LABEL,
};
use crate::service::health::{ping_broker, ping_database, ping_redis};
use crate::service::orders::Gatherer;
use crate::service::pool::Pool;
use crate::service::products::{Catalogue, CatalogueSettings};
use crate::shutdown::Shutdown;

/// Services over this pool, and over Redis where there is one and the program reads or changes the catalogue; nothing is
/// asked of either yet.
pub fn open(config: &Config, pool: &Pool, ambient: &Ambient, redis: Option<&Redis>) -> Services {
    let auth = Auth::new(AuthSettings {
        issuer: config.http.public_url.as_str().to_owned(),
        audience: config.http.public_url.as_str().to_owned(),
        key_encryption_key: config.root_key.derive(SIGNING_KEYS_LABEL),
        api_keys_key: config.root_key.derive(API_KEYS_LABEL),
        account_tokens_key: config.root_key.derive(ACCOUNT_TOKENS_LABEL),
        client_secrets_key: config.root_key.derive(CLIENT_SECRETS_LABEL),
        oauth_forms_key: config.root_key.derive(OAUTH_FORMS_LABEL),
    });
    let catalogue = catalogue(config, ambient, redis);
    let gatherer = Gatherer::new(usize::try_from(config.orders.per_commit).unwrap_or(1));
    Services { pool: pool.clone(), ambient: ambient.clone(), auth, catalogue, gatherer }
}

/// Cached in this process, and with others where there is a Redis.
fn catalogue(config: &Config, ambient: &Ambient, redis: Option<&Redis>) -> Catalogue {
    let settings = CatalogueSettings {
        ttl: config.cache.ttl,
        stale: config.cache.stale,
        entries: config.cache.entries,
        places: usize::try_from(config.database.pool_max / 2).unwrap_or(1).max(1),
    };
    let shared =
        |redis: &Redis| -> Arc<dyn CacheTier> { Arc::new(RedisTier::new(redis.clone(), ambient)) };
    Catalogue::new(&settings, ambient, redis.map(shared))
}

/// Keeps what is cached right while others change it, until the process stops.
pub fn follow_changes(services: &Services, shutdown: &Shutdown) {
    let (catalogue, stop) = (services.catalogue.clone(), shutdown.stop_background());
    shutdown.background().spawn(async move { catalogue.follow(&stop).await });
}

/// Writes wrong passwords down, again and again, until the process stops.
pub fn tell_of_refused_sign_ins(services: &Services, shutdown: &Shutdown) {
    let writing = audit::keep_flushing(services.clone(), shutdown.stop_background());
    shutdown.background().spawn(writing);
}

/// The same services, whose orders under way are finished before the process stops.
pub fn finishing_orders(services: Services, shutdown: &Shutdown) -> Services {
    let gatherer = services.gatherer.tracked_by(shutdown.vital());
    Services { gatherer, ..services }
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
