//! The right to do a job: taken, given back, and ended for jobs that nobody survives.

use scoped_futures::ScopedFutureExt;
use time::{Duration, OffsetDateTime};

use super::{Jobs, MOST_TRIES};
use crate::domain::ids::{JobId, LeaseToken};
use crate::domain::job::{Job, JobFault};
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::jobs::{self as rows, Ended, Held, Try};
use crate::store::outbox::Lease;

/// Many times the time between two words of a worker: one that is silent for longer is dead or stands still.
pub(super) const LEASE: Duration = Duration::seconds(60);

/// A job and the right to do it.
#[derive(Debug, Clone)]
pub struct Leased {
    pub job: Job,
    pub token: LeaseToken,
}

impl Leased {
    pub(in crate::service) fn held(&self) -> Held {
        Held { id: self.job.id, token: self.token }
    }
}

/// Until when a lease lasts that is taken or kept now.
pub(in crate::service) fn lease_until(now: OffsetDateTime) -> OffsetDateTime {
    now + LEASE
}

fn lease(jobs: &Jobs) -> (Lease, OffsetDateTime) {
    let ambient = &jobs.services.ambient;
    let now = ambient.now();
    (Lease { token: ambient.id(), until: lease_until(now) }, now)
}

/// Takes this job; `None` where somebody has it or it is over.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.jobs.claim", skip_all)]
pub async fn claim(jobs: &Jobs, id: JobId) -> Result<Option<Leased>, StoreError> {
    let (lease, now) = lease(jobs);
    let taken = read(&jobs.services.pool, |conn| {
        rows::lease(conn, id, lease, now, MOST_TRIES).scope_boxed()
    });
    Ok(taken.await?.map(|job| Leased { job, token: lease.token }))
}

/// Takes the job that waits for longest: one whose worker is gone, or that no worker had room for.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn claim_due(jobs: &Jobs) -> Result<Option<Leased>, StoreError> {
    let (lease, now) = lease(jobs);
    let taken = read(&jobs.services.pool, |conn| {
        rows::lease_due(conn, lease, now, MOST_TRIES).scope_boxed()
    });
    Ok(taken.await?.map(|job| Leased { job, token: lease.token }))
}

/// Ends the jobs whose every worker was lost; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn fail_lost(jobs: &Jobs) -> Result<u64, StoreError> {
    let detail = format!("{MOST_TRIES} workers took it and none came to its end.");
    let fault = JobFault::new("workers_lost", detail);
    let at = jobs.services.ambient.now();
    let ended = Ended { at, expires_at: at };
    let failed = read(&jobs.services.pool, |conn| {
        rows::update_given_up(conn, MOST_TRIES, &fault, ended).scope_boxed()
    })
    .await?;
    if failed > 0 {
        tracing::error!(failed, code = fault.code, "jobs are given up");
    }
    Ok(failed)
}

/// Gives a job back, for a worker that stops: somebody else may take it at once, and the try doesn't count.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer; then the lease lapses by itself.
pub async fn give_back(jobs: &Jobs, leased: &Leased) -> Result<(), StoreError> {
    let now = jobs.services.ambient.now();
    give_back_until(jobs, leased, now, Try::CountsNot).await
}

pub(super) async fn give_back_until(
    jobs: &Jobs,
    leased: &Leased,
    due_at: OffsetDateTime,
    this_try: Try,
) -> Result<(), StoreError> {
    read(&jobs.services.pool, |conn| {
        rows::update_given_back(conn, leased.held(), due_at, this_try).scope_boxed()
    })
    .await
}
