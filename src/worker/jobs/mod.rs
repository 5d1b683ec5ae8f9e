//! Timers: what is due by the injected clock is done, by whichever worker comes first; a new one is a line in [`JOBS`].
//!
//! A tick only looks whether something is due, so a tick that was missed is caught up by the next one, and two workers
//! at once share the rows: each is locked or leased by the one that works on it.

mod clear;
mod expire;
mod measure;
mod purge;
mod reconcile;
mod unsettled;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::WorkerParts;
use super::trouble::Trouble;
use crate::service::StoreError;
use crate::service::jobs::JobsError;
use crate::service::orders::OrderError;
use crate::service::payments::PaymentError;

/// Something that is done again and again.
#[derive(Clone, Copy)]
pub struct Job {
    pub name: &'static str,
    /// Time between two looks at what is due.
    pub every: Duration,
    pub run: for<'a> fn(&'a WorkerParts) -> BoxFuture<'a, Result<Progress, JobError>>,
}

impl Job {
    /// Whether it changes nothing; by its name, `measure_…`.
    pub(super) fn only_measures(&self) -> bool {
        self.name.starts_with("measure_")
    }
}

/// Whether a job is through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing more is due.
    Done,
    /// More may be due: look again at once.
    More,
}

/// Why a job could not be done now.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Payment(#[from] PaymentError),
    #[error(transparent)]
    LongJob(#[from] JobsError),
    #[error("the job panicked")]
    Panicked,
}

const OFTEN: Duration = Duration::from_secs(1);
const NOW_AND_THEN: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_secs(60);
const HOURLY: Duration = Duration::from_secs(3_600);

/// Every job there is.
pub const JOBS: &[Job] = &[
    Job {
        name: "lapse_authorizations",
        every: OFTEN,
        run: |parts| expire::authorizations(parts).boxed(),
    },
    Job { name: "expire_orders", every: OFTEN, run: |parts| expire::orders(parts).boxed() },
    Job {
        name: "reconcile_payments",
        every: OFTEN,
        run: |parts| reconcile::payments(parts).boxed(),
    },
    Job { name: "look_again", every: SELDOM, run: |parts| reconcile::given_up(parts).boxed() },
    Job {
        name: "report_unsettled",
        every: SELDOM,
        run: |parts| unsettled::payments(parts).boxed(),
    },
    Job { name: "purge_keys", every: SELDOM, run: |parts| purge::idempotency_keys(parts).boxed() },
    Job { name: "purge_sessions", every: SELDOM, run: |parts| purge::sessions(parts).boxed() },
    Job {
        name: "purge_account_tokens",
        every: SELDOM,
        run: |parts| purge::account_tokens(parts).boxed(),
    },
    Job { name: "purge_oauth", every: SELDOM, run: |parts| purge::oauth(parts).boxed() },
    Job { name: "purge_sent", every: SELDOM, run: |parts| purge::sent_messages(parts).boxed() },
    Job {
        name: "purge_handled",
        every: SELDOM,
        run: |parts| purge::handled_messages(parts).boxed(),
    },
    Job { name: "purge_events", every: SELDOM, run: |parts| purge::events(parts).boxed() },
    Job { name: "purge_audit_log", every: SELDOM, run: |parts| purge::audit_log(parts).boxed() },
    Job { name: "clear_webhooks", every: OFTEN, run: |parts| clear::webhooks(parts).boxed() },
    Job { name: "clear_files", every: SELDOM, run: |parts| clear::files(parts).boxed() },
    Job { name: "sweep_strays", every: HOURLY, run: |parts| clear::strays(parts).boxed() },
    Job { name: "purge_long_jobs", every: SELDOM, run: |parts| purge::long_jobs(parts).boxed() },
    Job { name: "measure_outbox", every: OFTEN, run: |parts| measure::outbox(parts).boxed() },
    Job {
        name: "measure_waiting",
        every: NOW_AND_THEN,
        run: |parts| measure::waiting(parts).boxed(),
    },
    Job { name: "measure_payments", every: OFTEN, run: |parts| measure::payments(parts).boxed() },
];

/// Does the job whenever something is due, until told to stop; what has begun is finished.
pub(super) async fn keep_time(job: &'static Job, parts: Arc<WorkerParts>, stop: CancellationToken) {
    let mut trouble = Trouble::new(job.name);
    while !stop.is_cancelled() {
        let guarded = AssertUnwindSafe((job.run)(&parts)).catch_unwind();
        let pause = match guarded.await.unwrap_or(Err(JobError::Panicked)) {
            Ok(progress) => {
                trouble.over();
                if progress == Progress::More { Duration::ZERO } else { job.every }
            }
            Err(error) => {
                metrics::counter!("till_job_failures_total", "name" => job.name).increment(1);
                trouble.failed(&error)
            }
        };
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// More may be due where the batch was full.
fn progress(done: u64, batch: i64) -> Progress {
    if i64::try_from(done).is_ok_and(|done| done < batch) { Progress::Done } else { Progress::More }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("name", &self.name).finish_non_exhaustive()
    }
}
