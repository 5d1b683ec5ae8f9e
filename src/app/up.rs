//! `till up`: everything in one process on embedded defaults, for looking and trying; production runs `api` and `worker`.

use std::io::Write;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use tokio::net::TcpListener;

use super::gateway::OpenGateway;
use super::serve::Served;
use super::{AppError, database, gateway, payments, serve, services, worker};
use crate::api::extract::CursorKey;
use crate::api::middleware::EdgeSettings;
use crate::api::state::ApiState;
use crate::config::{BaseUrl, Config, bind, listeners};
use crate::domain::ambient::Ambient;
use crate::domain::clock::ShiftedClock;
use crate::domain::entropy::SystemEntropy;
use crate::embedded::{self, Postgres};
use crate::ops::{Health, MetricsText, OpsParts, Readiness};
use crate::shutdown::{Bounds, Shutdown};
use crate::telemetry::Telemetry;

/// The ports, taken before anything slow begins, so that a taken one is told at once.
struct Ports {
    api: TcpListener,
    ops: TcpListener,
    gateway: OpenGateway,
}

/// Runs until a signal; the data stays for the next start.
///
/// # Errors
/// Whatever keeps a part from starting, in words that say what to do.
pub async fn run(config: &Config, telemetry: &Telemetry) -> Result<(), AppError> {
    let ports = Ports {
        api: bind(config.http.listen, &listeners::LISTEN).await?,
        ops: bind(config.ops.listen, &listeners::OPS_LISTEN).await?,
        gateway: gateway::open(config).await?,
    };
    let postgres = start_postgres(config).await?;
    let result = with_database(config, telemetry, ports, postgres.as_ref()).await;
    if let Some(postgres) = postgres {
        postgres.stop().await?;
    }
    result
}

/// The private server, unless a database was named.
async fn start_postgres(config: &Config) -> Result<Option<Postgres>, AppError> {
    if config.database.url.is_some() {
        return Ok(None);
    }
    let settings = embedded::Settings {
        data_dir: config.data_dir.path().to_owned(),
        pg_bin: config.embedded.pg_bin.clone(),
    };
    Ok(Some(Postgres::start(settings).await?))
}

async fn with_database(
    config: &Config,
    telemetry: &Telemetry,
    ports: Ports,
    postgres: Option<&Postgres>,
) -> Result<(), AppError> {
    let url = match (&config.database.url, postgres) {
        (Some(url), _) => url.clone(),
        (None, Some(postgres)) => SecretString::from(postgres.url()),
        (None, None) => return Err(AppError::NoDatabase),
    };
    database::migrate(&url).await?;
    let pool = database::pool(&url, &config.database)?;
    let shutdown =
        Shutdown::new(Bounds { delay: config.shutdown.delay, grace: config.shutdown.grace });
    shutdown.watch_signals().map_err(AppError::Signals)?;
    let readiness = start_parts(config, telemetry, ports, &pool, &shutdown)?;
    announce(config);
    let _stopped = shutdown.run(|| readiness.drain()).await;
    pool.close().await;
    Ok(())
}

/// Starts everything that runs beside the signal watch.
fn start_parts(
    config: &Config,
    telemetry: &Telemetry,
    ports: Ports,
    pool: &PgPool,
    shutdown: &Shutdown,
) -> Result<Readiness, AppError> {
    let clock = Arc::new(ShiftedClock::default());
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let readiness = Readiness::default();
    let gateway_probe = payments::gateway_probe(config, &ports.gateway.url);
    let health =
        Health::new(readiness.clone(), vec![services::postgres_probe(pool), gateway_probe]);
    let services = services::open(config, pool, &ambient);
    let payments = payments::open(config, &services, &ports.gateway.url, shutdown)?;
    let mailing = worker::mailing(config)?;
    worker::open(config, &services, &payments, &mailing)
        .spawn(shutdown.background(), &shutdown.stop_background());
    let cursors = CursorKey::new(*config.root_key.derive("till cursors").expose_secret());
    let state = ApiState { services: Arc::new(services), payments: Arc::new(payments), cursors };
    let probes = crate::ops::probe_routes(health.clone());
    let api = crate::api::router_beside(probes, state, EdgeSettings::from(&config.http), ambient);
    let metrics = telemetry.metrics.clone();
    let ops = crate::ops::router(OpsParts {
        health,
        metrics: MetricsText::new(move || metrics.render()),
        test_clock: Some(clock),
        mail: mailing.folder,
    });
    let bounds = config.connections;
    serve::spawn(Served { name: "api", listener: ports.api, router: api, bounds }, shutdown);
    serve::spawn(Served { name: "ops", listener: ports.ops, router: ops, bounds }, shutdown);
    let process = shutdown.clone();
    let stop = shutdown.stop_accepting();
    shutdown.connections().spawn(async move {
        if let Err(error) = ports.gateway.serve(stop).await {
            tracing::error!(%error, "the sandbox gateway failed");
            process.ask();
        }
    });
    let metrics = telemetry.metrics.clone();
    shutdown.background().spawn(metrics.keep_up(shutdown.stop_background()));
    readiness.ready();
    Ok(readiness)
}

/// Where mails are seen.
fn mails(config: &Config, ops: &BaseUrl) -> String {
    match config.mail.url {
        Some(_) => "at the server that SMTP_URL names".to_owned(),
        None => ops.join("/mail"),
    }
}

/// The few lines a person needs, on standard output; everything else is the log's.
fn announce(config: &Config) {
    let public = &config.http.public_url;
    let ops = BaseUrl::of(config.ops.listen);
    let lines = [
        format!("Till is up: {}", public.as_str()),
        format!("  Swagger UI        {}", public.join("/swagger-ui")),
        format!("  Documentation     {}", public.join("/docs")),
        format!("  Metrics, health   {}", ops.join("/metrics")),
        format!("  Mails             {}", mails(config, &ops)),
        format!("  Sandbox gateway   {}", BaseUrl::of(config.gateway.listen).as_str()),
        "Press Ctrl-C to stop; the data is kept.".to_owned(),
    ];
    let mut out = std::io::stdout().lock();
    // Where nobody reads, nobody is told.
    drop(writeln!(out, "{}", lines.join("\n")));
}
