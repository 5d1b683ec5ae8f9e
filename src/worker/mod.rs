//! Broker and timers only: receives, calls a use case, acknowledges; holds no SQL and no rule.
//!
//! - The relay ([`outbox_relay`]) leases messages of the outbox and hands them to the broker.
//! - The broker hands each to the consumers that take its topic ([`consumers`]); [`dispatcher`] keeps copies, panics
//!   and hangs away from them and gives up what can't be handled; [`delivery`] says which failure is which.
//! - Timers ([`jobs`]) do what is due by the injected clock.
//! - Webhooks ([`webhooks`]) are sent from their own table, each under a lease.
//! - Long jobs ([`long_jobs`]) run beside them, a few at a time, each under a lease in the database.
//!
//! Any number of workers may run: what one works on, the others pass over.

pub mod consumers;
pub mod delivery;
mod dispatcher;
pub mod jobs;
mod long_jobs;
mod outbox_relay;
mod trouble;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clients::broker::{Broker, InProcess, RabbitMq, Subscription};
use crate::service::jobs::Jobs;
use crate::service::mails::Mails;
use crate::service::payments::Payments;
use crate::service::webhooks::Webhooks;
use crate::service::{Services, StoreError};

use consumers::{Consume, subscriptions};
use dispatcher::Dispatcher;
use jobs::{JOBS, Progress};
use long_jobs::LongJobs;
use outbox_relay::Relay;
use webhooks::Postman;

/// What a worker works with.
#[derive(Debug, Clone)]
pub struct WorkerParts {
    pub services: Services,
    pub payments: Payments,
    pub mails: Mails,
    pub jobs: Jobs,
    pub webhooks: Webhooks,
    /// How long entries of the audit log are kept.
    pub audit_log_kept: Duration,
}

/// A worker that is put together and does nothing yet.
#[derive(Debug)]
pub struct Worker {
    parts: Arc<WorkerParts>,
    relay: Arc<Relay>,
    long_jobs: Arc<LongJobs>,
    postman: Arc<Postman>,
    rabbit: Option<Rabbit>,
}

/// What a worker with a broker has besides.
#[derive(Debug, Clone)]
struct Rabbit {
    broker: Arc<RabbitMq>,
    dispatcher: Arc<Dispatcher>,
}

/// Why a worker could not work off what there is.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the job {job} failed: {source}")]
    Job { job: &'static str, source: jobs::JobError },
    #[error("the broker is away")]
    BrokerAway,
}

impl Worker {
    /// A worker whose consumers read the outbox themselves.
    pub fn in_process(parts: WorkerParts) -> Self {
        let long_jobs = Arc::new(LongJobs::new(parts.jobs.clone()));
        let consumers = consumers::all(&parts, &long_jobs);
        Self::in_process_over(parts, long_jobs, consumers)
    }

    /// [`Worker::in_process`] with these consumers.
    pub fn in_process_with(parts: WorkerParts, consumers: Vec<Arc<dyn Consume>>) -> Self {
        let long_jobs = Arc::new(LongJobs::new(parts.jobs.clone()));
        Self::in_process_over(parts, long_jobs, consumers)
    }

    fn in_process_over(
        parts: WorkerParts,
        long_jobs: Arc<LongJobs>,
        consumers: Vec<Arc<dyn Consume>>,
    ) -> Self {
        let subscriptions = subscriptions(&consumers);
        let dispatcher = Dispatcher::new(parts.services.clone(), consumers, InProcess::SYSTEM);
        let broker = InProcess::new(subscriptions, Arc::new(dispatcher));
        Self::over(parts, long_jobs, Arc::new(broker), None)
    }

    /// A worker that publishes at RabbitMQ and consumes from there; `open` makes the broker from what consumers
    /// want to hear of.
    pub fn over_rabbitmq(
        parts: WorkerParts,
        open: impl FnOnce(Vec<Subscription>) -> RabbitMq,
    ) -> Self {
        let long_jobs = Arc::new(LongJobs::new(parts.jobs.clone()));
        let consumers = consumers::all(&parts, &long_jobs);
        let broker = Arc::new(open(subscriptions(&consumers)));
        let dispatcher = Dispatcher::new(parts.services.clone(), consumers, broker.system());
        let dispatcher = Arc::new(dispatcher);
        let rabbit = Rabbit { broker: Arc::clone(&broker), dispatcher };
        Self::over(parts, long_jobs, broker, Some(rabbit))
    }

    fn over(
        parts: WorkerParts,
        long_jobs: Arc<LongJobs>,
        broker: Arc<dyn Broker>,
        rabbit: Option<Rabbit>,
    ) -> Self {
        let relay = Relay::new(parts.services.clone(), broker);
        let postman = Arc::new(Postman::new(parts.webhooks.clone()));
        Self { parts: Arc::new(parts), relay: Arc::new(relay), long_jobs, postman, rabbit }
    }

    /// The broker, where there is one.
    pub fn rabbit(&self) -> Option<Arc<RabbitMq>> {
        self.rabbit.as_ref().map(|rabbit| Arc::clone(&rabbit.broker))
    }

    /// Works in tasks that end, with all they hold finished or given back, when told to stop; then it may be spawned again.
    pub fn spawn(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let relaying = Arc::clone(&self.relay).run(stop.clone());
        match self.rabbit.clone() {
            None => drop(tasks.spawn(relaying)),
            Some(rabbit) => drop(tasks.spawn(rabbit.work_beside(relaying, stop.clone()))),
        }
        tasks.spawn(Arc::clone(&self.long_jobs).run(stop.clone()));
        tasks.spawn(Arc::clone(&self.postman).run(stop.clone()));
        for job in JOBS {
            tasks.spawn(jobs::keep_time(job, Arc::clone(&self.parts), stop.clone()));
        }
    }

    /// Does nothing but measure what waits; for while it is not spawned.
    pub fn spawn_measuring(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        for job in JOBS.iter().filter(|job| job.only_measures()) {
            tasks.spawn(jobs::keep_time(job, Arc::clone(&self.parts), stop.clone()));
        }
    }

    /// Does everything that is due, and what comes of it, and returns when nothing is; for tests of a worker
    /// without a broker.
    ///
    /// # Errors
    /// Something is due and can't be done now.
    pub async fn run_until_idle(&self) -> Result<(), DrainError> {
        loop {
            let mut idle = self.relay.drain().await? == 0;
            for job in JOBS {
                let failed = |source| DrainError::Job { job: job.name, source };
                while (job.run)(&self.parts).await.map_err(failed)? == Progress::More {
                    idle = false;
                }
            }
            idle &= !self.long_jobs.drain().await?;
            idle &= self.postman.drain().await? == 0;
            if idle && self.relay.drain().await? == 0 {
                return Ok(());
            }
        }
    }
}

impl Rabbit {
    /// Consumes while the relay publishes; the line for publishing outlives both, since both still need it while
    /// they finish.
    async fn work_beside(self, relaying: impl Future<Output = ()>, stop: CancellationToken) {
        let over = CancellationToken::new();
        let publishing = Arc::clone(&self.broker).keep_publishing(over.clone());
        let consuming = self.broker.keep_consuming(self.dispatcher, stop);
        let working = async {
            tokio::join!(relaying, consuming);
            over.cancel();
        };
        tokio::join!(publishing, working);
    }
}
