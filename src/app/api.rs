//! `api`: the public API of a deployment, without a worker, a gateway or a database of its own; it migrates nothing.

use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::ops::Extras;
use super::serve::Served;
use super::{
    AppError, database, dependencies, jobs, limits, ops, payments, redis, serve, services,
    versions, webhooks,
};
use crate::api::extract::CursorKey;
use crate::api::middleware::EdgeSettings;
use crate::api::state::ApiParts;
use crate::api::v1::products::RenderedProducts;
use crate::config::{Config, bind, listeners};
use crate::domain::ambient::Ambient;
use crate::ops::{Health, Program, Readiness};
use crate::service::pool::Pool;
use crate::shutdown::{Bounds, Shutdown};
use crate::telemetry::Telemetry;

/// Runs until a signal. It listens from the start and is ready once its database is.
///
/// # Errors
/// Whatever keeps a part from starting, in words that say what to do.
pub async fn run(config: &Config, telemetry: &Telemetry) -> Result<(), AppError> {
    let api = bind(config.http.listen, &listeners::LISTEN)?;
    let ops_listener = bind(config.ops.listen, &listeners::OPS_LISTEN)?;
    let url = config.database.url.as_ref().ok_or(AppError::NoDatabase)?;
    let pool = database::pool(url, &config.database)?;
    telemetry.metrics.sample({
        let pool = pool.clone();
        move || pool.show()
    });
    let shutdown =
        Shutdown::new(Bounds { delay: config.shutdown.delay, grace: config.shutdown.grace });
    shutdown.watch_signals().map_err(AppError::Signals)?;
    let readiness = Readiness::default();
    serve_both(config, telemetry, (api, ops_listener), &pool, (&shutdown, &readiness))?;
    let stop = shutdown.stop_accepting();
    let waiting = async {
        if dependencies::wait(config, url, &stop).await.is_some() {
            tracing::info!(address = %config.http.listen, "the API is ready");
            readiness.ready();
        }
    };
    let stopping = shutdown.run(|| readiness.drain());
    let (_stopped, ()) = tokio::join!(stopping, waiting);
    pool.close().await;
    Ok(())
}

fn serve_both(
    config: &Config,
    telemetry: &Telemetry,
    (api, ops_listener): (TcpListener, TcpListener),
    pool: &Pool,
    (shutdown, readiness): (&Shutdown, &Readiness),
) -> Result<(), AppError> {
    let ambient = Ambient::system();
    let redis = redis::open(config)?;
    let services = services::open(config, pool, &ambient, redis.as_ref());
    let services = services::finishing_orders(services, shutdown);
    services::follow_changes(&services, shutdown);
    services::tell_of_refused_sign_ins(&services, shutdown);
    let gateway = &config.gateway.url;
    let mut probes = vec![services::postgres_probe(pool), payments::gateway_probe(config, gateway)];
    probes.extend(services::redis_probe(config));
    probes.extend(services::broker_probe(config));
    let health = Health::new(readiness.clone(), probes);
    let payments = payments::open(config, &services, gateway, shutdown)?;
    let jobs = jobs::open(config, &services, gateway)?;
    let webhooks = webhooks::open(config, &services, None)?;
    let limits = limits::open(config, redis.as_ref(), &ambient);
    let versions = versions::open(config, &services, shutdown);
    let cursors = CursorKey::new(*config.root_key.derive("till cursors").expose_secret());
    let state = Arc::new(ApiParts {
        services: Arc::new(services),
        payments: Arc::new(payments),
        jobs: Arc::new(jobs),
        webhooks: Arc::new(webhooks),
        limits: Arc::new(limits),
        versions,
        cursors,
        rendered_products: RenderedProducts::default(),
    });
    let edge = EdgeSettings::from(&config.http).shedding(config.load_shed);
    let probes = crate::ops::probe_routes(health.clone());
    let router = crate::api::router_beside(probes, state, edge, &ambient);
    let bounds = config.connections;
    serve::spawn(Served { name: "api", listener: api, router, bounds }, shutdown);
    ops::serve(
        config,
        telemetry,
        ops_listener,
        (Program::Api, health, Extras::default()),
        shutdown,
    );
    Ok(())
}
