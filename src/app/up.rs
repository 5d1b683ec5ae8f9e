//! `till up`: everything in one process on embedded defaults, for looking and trying; production runs `api` and `worker`.

use std::future::pending;
use std::io::Write;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use super::gateway::OpenGateway;
use super::install::install;
use super::ops::{self, Extras};
use super::serve::Served;
use super::{
    AppError, console, database, gateway, jobs, limits, payments, redis, seed, serve, services,
    versions, webhooks, worker, worker_switch,
};
use crate::api::extract::CursorKey;
use crate::api::middleware::EdgeSettings;
use crate::api::state::ApiParts;
use crate::api::v1::products::RenderedProducts;
use crate::clients::redis::Redis;
use crate::config::{BaseUrl, Config, Stage, bind, listeners};
use crate::domain::ambient::Ambient;
use crate::domain::clock::ShiftedClock;
use crate::domain::entropy::SystemEntropy;
use crate::domain::webhook::EndpointUrl;
use crate::embedded::{self, Postgres};
use crate::ops::{Health, Program, Readiness, SINK_PATH, WebhookSink, WorkerSwitch};
use crate::service::Services;
use crate::service::demo::{self, Presence, SignIn};
use crate::service::webhooks::Webhooks;
use crate::shutdown::{Bounds, Shutdown};
use crate::telemetry::Telemetry;

/// The ports, taken before anything slow begins, so that a taken one is told at once.
struct Ports {
    api: TcpListener,
    ops: TcpListener,
    gateway: OpenGateway,
}

/// Two of them, once the third serves.
struct Listeners {
    api: TcpListener,
    ops: TcpListener,
}

/// The use cases and what they stand on here.
struct Shop {
    services: Services,
    clock: Arc<ShiftedClock>,
    /// Where this process reaches the gateway.
    gateway_url: BaseUrl,
    webhooks: Webhooks,
    redis: Option<Redis>,
}

/// Runs until a signal; the data stays for the next start.
///
/// # Errors
/// Whatever keeps a part from starting, in words that say what to do.
pub async fn run(config: &Config, telemetry: &Telemetry) -> Result<(), AppError> {
    let ports = Ports {
        api: bind(config.http.listen, &listeners::LISTEN)?,
        ops: bind(config.ops.listen, &listeners::OPS_LISTEN)?,
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

/// Whose database it is: demo data goes only into one that nobody else made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Private,
    Named,
}

async fn with_database(
    config: &Config,
    telemetry: &Telemetry,
    ports: Ports,
    postgres: Option<&Postgres>,
) -> Result<(), AppError> {
    let (url, origin) = match (&config.database.url, postgres) {
        (Some(url), _) => (url.clone(), Origin::Named),
        (None, Some(postgres)) => (SecretString::from(postgres.url()), Origin::Private),
        (None, None) => return Err(AppError::NoDatabase),
    };
    database::migrate(&url).await?;
    let pool = database::pool(&url, &config.database)?;
    telemetry.metrics.sample({
        let pool = pool.clone();
        move || pool.show()
    });
    let clock = Arc::new(ShiftedClock::default());
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let redis = redis::open(config)?;
    let services = services::open(config, &pool, &ambient, redis.as_ref());
    let shutdown =
        Shutdown::new(Bounds { delay: config.shutdown.delay, grace: config.shutdown.grace });
    shutdown.watch_signals().map_err(AppError::Signals)?;
    let services = services::finishing_orders(services, &shutdown);
    services::follow_changes(&services, &shutdown);
    services::tell_of_refused_sign_ins(&services, &shutdown);
    let Ports { api, ops, gateway } = ports;
    let own = BaseUrl::of(ops.local_addr().map_err(|error| AppError::Part(error.into()))?);
    let webhooks = webhooks::open(config, &services, Some(own.clone()))?;
    let shop = Shop { services, clock, gateway_url: gateway.url.clone(), webhooks, redis };
    spawn_gateway(gateway, &shutdown);
    let readiness = Readiness::default();
    let running = run_until_asked(&shutdown, postgres, async {
        let demo = Box::pin(prepare(config, &shop, origin, &own)).await?;
        start_parts(config, telemetry, shop, Listeners { api, ops }, (&shutdown, &readiness))?;
        announce(config, demo, postgres);
        Ok(())
    });
    let ended = running.await;
    shutdown.ask();
    let _stopped = shutdown.run(|| readiness.drain()).await;
    pool.close().await;
    ended
}

/// Starts, then waits until a stop is asked for, the start has failed or the private server is gone.
async fn run_until_asked(
    shutdown: &Shutdown,
    postgres: Option<&Postgres>,
    start: impl Future<Output = Result<(), AppError>>,
) -> Result<(), AppError> {
    let gone = async {
        match postgres {
            Some(postgres) => postgres.exited().await,
            None => pending().await,
        }
    };
    let asked = shutdown.asked();
    let started_and_asked = async {
        match asked.run_until_cancelled(start).await {
            Some(Err(error)) => Err(error),
            Some(Ok(())) | None => {
                asked.cancelled().await;
                Ok(())
            }
        }
    };
    tokio::select! {
        ended = started_and_asked => ended,
        gone = gone => Err(gone.into()),
    }
}

/// The gateway runs before all else: the demo's charges are put on its record.
fn spawn_gateway(gateway: OpenGateway, shutdown: &Shutdown) {
    let process = shutdown.clone();
    let stop = shutdown.stop_accepting();
    shutdown.connections().spawn(async move {
        if let Err(error) = gateway.serve(stop).await {
            tracing::error!(%error, "the sandbox gateway failed");
            process.ask();
        }
    });
}

/// Keys, the first administrator and, where they belong, the demo data.
async fn prepare(
    config: &Config,
    shop: &Shop,
    origin: Origin,
    own: &BaseUrl,
) -> Result<Presence, AppError> {
    let wanted = origin == Origin::Private && config.stage == Stage::Development;
    if !wanted {
        install(config, &shop.services).await?;
        return Ok(Presence::Absent);
    }
    let demo = seed::open(config, &shop.services, &shop.gateway_url)?;
    // First, since it asks whether anybody has an account yet.
    let presence = demo::begin_where_new(&demo).await?;
    install(config, &shop.services).await?;
    if presence == Presence::Begun {
        tracing::info!(orders = demo::ORDERS, "putting the demo data in");
        demo::seed(&demo, demo::ORDERS, |_progress| ()).await?;
    }
    if presence == Presence::Absent {
        return Ok(presence);
    }
    if let Ok(receiver) = EndpointUrl::parse(&own.join(SINK_PATH)) {
        demo::point_endpoints_at(&shop.webhooks, &receiver).await?;
    }
    Ok(Presence::Complete)
}

/// Starts everything that runs beside the signal watch and the gateway.
fn start_parts(
    config: &Config,
    telemetry: &Telemetry,
    shop: Shop,
    listeners: Listeners,
    (shutdown, readiness): (&Shutdown, &Readiness),
) -> Result<(), AppError> {
    let Shop { services, clock, gateway_url, webhooks, redis } = shop;
    let ambient = services.ambient.clone();
    let gateway_probe = payments::gateway_probe(config, &gateway_url);
    let probes = vec![services::postgres_probe(&services.pool), gateway_probe];
    let health = Health::new(readiness.clone(), probes);
    let payments = payments::open(config, &services, &gateway_url, shutdown)?;
    let mailing = worker::mailing(config)?;
    let jobs = jobs::open(config, &services, &gateway_url)?;
    let switch = WorkerSwitch::default();
    let worker = worker::open(config, (&services, &payments, &jobs, &webhooks), &mailing);
    let working = worker_switch::follow(worker, switch.clone(), shutdown.stop_background());
    shutdown.background().spawn(working);
    let shop = listeners.api.local_addr().map_err(|error| AppError::Part(error.into()))?;
    let reached = (BaseUrl::of(shop), gateway_url);
    let panel = console::panel(config, &services, reached, &switch, shutdown)?;
    let limits = limits::open(config, redis.as_ref(), &ambient);
    let versions = versions::open(config, &services, shutdown);
    let sink = WebhookSink::new(webhooks.clone());
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
    let probes = crate::ops::probe_routes(health.clone());
    let api = crate::api::router_beside(
        probes,
        state,
        EdgeSettings::from(&config.http).shedding(config.load_shed),
        &ambient,
    );
    let bounds = config.connections;
    serve::spawn(Served { name: "api", listener: listeners.api, router: api, bounds }, shutdown);
    let (test_clock, webhooks) = (Some(clock), Some(sink));
    let extras = Extras { test_clock, mail: mailing.folder, webhooks, panel };
    ops::serve(config, telemetry, listeners.ops, (Program::Up, health, extras), shutdown);
    readiness.ready();
    Ok(())
}

/// Where mails are seen.
fn mails(config: &Config, ops: &BaseUrl) -> String {
    match config.mail.url {
        Some(_) => "at the server that SMTP_URL names".to_owned(),
        None => ops.join("/mail"),
    }
}

/// The few lines a person needs, on standard output; everything else is the log's.
fn announce(config: &Config, demo: Presence, postgres: Option<&Postgres>) {
    let public = &config.http.public_url;
    let ops = BaseUrl::of(config.ops.listen);
    let mut lines = vec![
        format!("Till is up: {}", public.as_str()),
        format!("  Swagger UI        {}", public.join("/swagger-ui")),
        format!("  Documentation     {}", public.join("/docs")),
        format!("  Console           {}", ops.join("/console")),
        format!("  Metrics, health   {}", ops.join("/metrics")),
        format!("  Mails             {}", mails(config, &ops)),
        format!("  Webhooks          {}", ops.join("/webhooks")),
        format!("  Sandbox gateway   {}", BaseUrl::of(config.gateway.listen).as_str()),
    ];
    if let Some(postgres) = postgres {
        lines.push(format!("  DATABASE_URL      '{}'", postgres.url()));
    }
    if demo == Presence::Complete {
        lines.push(format!("Sign in, with the password {}, as", demo::PASSWORD));
        let sign_in = |known: &SignIn| format!("  {:<17} {}", known.role.as_str(), known.email);
        lines.extend(demo::SIGN_INS.iter().map(sign_in));
    }
    lines.push("Press Ctrl-C to stop; the data is kept.".to_owned());
    let mut out = std::io::stdout().lock();
    // Where nobody reads, nobody is told.
    drop(writeln!(out, "{}", lines.join("\n")));
}
