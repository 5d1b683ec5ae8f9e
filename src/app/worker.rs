//! `worker`, and the worker as a part of another process: where its mail goes and what it works with, made alike for each.

use std::sync::Arc;

use super::ops::{self, Extras};
use super::{AppError, database, dependencies, jobs, payments, redis, services, webhooks};
use crate::clients::broker::{RabbitMq, Topology};
use crate::clients::mailer::{GuardedMailer, MailFolder, Mailer, SmtpMailer};
use crate::config::{Config, bind, listeners};
use crate::domain::ambient::Ambient;
use crate::domain::clock::SystemClock;
use crate::ops::{Health, Importance, Probe, Program, Readiness};
use crate::service::Services;
use crate::service::jobs::Jobs;
use crate::service::mails::Mails;
use crate::service::payments::Payments;
use crate::service::webhooks::Webhooks;
use crate::shutdown::{Bounds, Shutdown};
use crate::telemetry::Telemetry;
use crate::worker::{Worker, WorkerParts};

/// Where mail goes.
#[derive(Debug)]
pub struct Mailing {
    mailer: Arc<dyn Mailer>,
    /// The folder, where mail goes into one.
    pub folder: Option<MailFolder>,
}

/// A server if one is named, else the folder `mail` of the data directory. Nothing is called yet.
///
/// # Errors
/// The server's address can't be used.
pub fn mailing(config: &Config) -> Result<Mailing, AppError> {
    let from = config.mail.from.clone();
    if let Some(url) = &config.mail.url {
        let server = Arc::new(SmtpMailer::new(url, from)?);
        let mailer = Arc::new(GuardedMailer::new(server, Arc::new(SystemClock)));
        return Ok(Mailing { mailer, folder: None });
    }
    let folder = MailFolder::new(config.data_dir.join("mail"), from);
    Ok(Mailing { mailer: Arc::new(folder.clone()), folder: Some(folder) })
}

/// A worker that does nothing yet: over RabbitMQ where it is named, else reading the outbox itself.
pub fn open(
    config: &Config,
    (services, payments, jobs, webhooks): (&Services, &Payments, &Jobs, &Webhooks),
    mailing: &Mailing,
) -> Worker {
    let mails = Mails {
        services: services.clone(),
        mailer: Arc::clone(&mailing.mailer),
        public_url: config.http.public_url.clone(),
    };
    let (services, payments) = (services.clone(), payments.clone());
    let (jobs, webhooks) = (jobs.clone(), webhooks.clone());
    let audit_log_kept = config.audit_log.keep;
    let parts = WorkerParts { services, payments, mails, jobs, webhooks, audit_log_kept };
    match &config.broker.url {
        None => Worker::in_process(parts),
        Some(url) => Worker::over_rabbitmq(parts, |subscriptions| {
            RabbitMq::new(url.clone(), Topology::new(&config.broker.prefix, subscriptions))
        }),
    }
}

/// Runs until a signal. It works once its database is there, with or without the broker.
///
/// # Errors
/// Whatever keeps a part from starting, in words that say what to do.
pub async fn run(config: &Config, telemetry: &Telemetry) -> Result<(), AppError> {
    let listener = bind(config.ops.listen, &listeners::OPS_LISTEN)?;
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
    let redis = redis::open(config)?;
    let services = services::open(config, &pool, &Ambient::system(), redis.as_ref());
    services::follow_changes(&services, &shutdown);
    let gateway = &config.gateway.url;
    let payments = payments::open(config, &services, gateway, &shutdown)?;
    let jobs = jobs::open(config, &services, gateway)?;
    let webhooks = webhooks::open(config, &services, None)?;
    let worker = open(config, (&services, &payments, &jobs, &webhooks), &mailing(config)?);
    let mut probes =
        vec![services::postgres_probe(&pool), payments::gateway_probe(config, gateway)];
    probes.extend(services::redis_probe(config));
    probes.extend(worker.rabbit().map(line_probe));
    let health = Health::new(readiness.clone(), probes);
    let shown = (Program::Worker, health, Extras::default());
    ops::serve(config, telemetry, listener, shown, &shutdown);
    let stop = shutdown.stop_background();
    let working = async {
        if dependencies::wait(config, url, &stop).await.is_some() {
            worker.spawn(shutdown.background(), &stop);
            tracing::info!("the worker is ready");
            readiness.ready();
        }
    };
    let stopping = shutdown.run(|| readiness.drain());
    let (_stopped, ()) = tokio::join!(stopping, working);
    pool.close().await;
    Ok(())
}

/// The worker's own line tells more than a new connection would.
fn line_probe(rabbit: Arc<RabbitMq>) -> Probe {
    Probe::new("rabbitmq", Importance::Optional, move || {
        let ready = rabbit.is_ready();
        async move { if ready { Ok(()) } else { Err("there is no line to the broker") } }
    })
}
