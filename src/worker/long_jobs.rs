//! Long jobs in this worker: a few at a time, each under its lease; what it can't take is left for the next look.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::trouble::Trouble;
use crate::domain::ids::JobId;
use crate::service::StoreError;
use crate::service::jobs::{self, Jobs, Leased};

/// Jobs of one worker at a time: each takes a connection, a processor and some memory.
const PLACES: u32 = 2;

/// Time between two looks for jobs that nobody has.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Does long jobs in tasks of their own.
#[derive(Debug)]
pub(super) struct LongJobs {
    jobs: Jobs,
    places: Arc<Semaphore>,
    running: TaskTracker,
    stop: CancellationToken,
}

impl LongJobs {
    pub(super) fn new(jobs: Jobs) -> Self {
        let places = Semaphore::new(usize::try_from(PLACES).unwrap_or(1));
        let (running, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { jobs, places: Arc::new(places), running, stop }
    }

    /// Takes the job if there is a place and nobody has it; either way the row keeps it from now on.
    pub(super) async fn offer(&self, id: JobId) -> Result<(), StoreError> {
        if let Some(place) = self.place()
            && let Some(leased) = jobs::claim(&self.jobs, id).await?
        {
            self.begin(leased, place);
        }
        Ok(())
    }

    /// Takes jobs that nobody has, as many as there are places for; whether it found one.
    pub(super) async fn take_over(&self) -> Result<bool, StoreError> {
        jobs::fail_lost(&self.jobs).await?;
        let mut found = false;
        while let Some(place) = self.place() {
            let Some(leased) = jobs::claim_due(&self.jobs).await? else { break };
            found = true;
            self.begin(leased, place);
        }
        Ok(found)
    }

    /// Until told to stop; what runs then is given back at once.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut trouble = Trouble::new("long jobs");
        while !stop.is_cancelled() {
            let pause = match self.take_over().await {
                Ok(_found) => {
                    trouble.over();
                    LOOK_EVERY
                }
                Err(error) => trouble.failed(&error),
            };
            stop.run_until_cancelled(sleep(pause)).await;
        }
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }

    /// Does all that is due and returns when nothing runs; whether there was something.
    pub(super) async fn drain(&self) -> Result<bool, StoreError> {
        // Whatever a message has brought here is done first.
        let idle = self.places.available_permits() == usize::try_from(PLACES).unwrap_or(1);
        let mut busy = !idle;
        while self.take_over().await? {
            busy = true;
            self.settled().await;
        }
        self.settled().await;
        Ok(busy)
    }

    /// Every place is free.
    async fn settled(&self) {
        drop(self.places.acquire_many(PLACES).await);
    }

    fn place(&self) -> Option<OwnedSemaphorePermit> {
        if self.stop.is_cancelled() {
            return None;
        }
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    fn begin(&self, leased: Leased, place: OwnedSemaphorePermit) {
        let (jobs, stop) = (self.jobs.clone(), self.stop.clone());
        self.running.spawn(async move {
            let kind = leased.job.kind.as_str();
            let guarded = AssertUnwindSafe(jobs::run(&jobs, &leased, &stop)).catch_unwind();
            let end = match guarded.await {
                Ok(Ok(jobs::End::Complete)) => "complete",
                Ok(Ok(jobs::End::Failed)) => "failed",
                Ok(Ok(jobs::End::GivenBack)) => "given_back",
                Ok(Ok(jobs::End::Left)) => "left",
                Ok(Err(error)) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, job = %leased.job.id, "what became of a job isn't written down");
                    "unknown"
                }
                Err(_panic) => {
                    tracing::error!(job = %leased.job.id, "a job panicked; it is tried again when its lease is over");
                    "panicked"
                }
            };
            metrics::counter!("till_jobs_total", "kind" => kind, "end" => end).increment(1);
            drop(place);
        });
    }
}
