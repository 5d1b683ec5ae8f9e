//! One job, from its lease to its end: done, failed, given back, or left to whoever has it by now.

use std::error::Error;

use scoped_futures::ScopedFutureExt;
use time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::claim::give_back_until;
use super::error::Fate;
use super::{Jobs, Leased, MOST_TRIES, NotDone, give_back, lease_until};
use crate::domain::job::{JobFault, JobKind};
use crate::service::transact::read;
use crate::service::{imports, reports};
use crate::store::StoreError;
use crate::store::jobs::{self as rows, Ended, Held, Try};
use crate::trace_context;

/// What a job waits for before it is tried again.
const PAUSE: Duration = Duration::seconds(10);

/// What became of a job in this worker's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Complete,
    Failed,
    /// It will be taken again.
    GivenBack,
    /// It is somebody else's, or nobody wants it any more.
    Left,
}

/// Does the job.
///
/// # Errors
/// [`StoreError`]: what became of it can't be written down; the lease lapses by itself.
#[tracing::instrument(
    name = "service.jobs.run", skip_all,
    fields(
        job = %leased.job.id, kind = leased.job.kind.as_str(), request_id = leased.job.request_id,
        trace_id,
    )
)]
pub async fn run(
    jobs: &Jobs,
    leased: &Leased,
    stop: &CancellationToken,
) -> Result<End, StoreError> {
    trace_context::continue_carried(&Span::current(), leased.job.trace_parent.as_deref());
    let watch = Watch { jobs, held: leased.held(), stop };
    let done = match leased.job.kind {
        JobKind::Report => Box::pin(reports::make(jobs, leased, &watch)).await,
        JobKind::ProductImport => Box::pin(imports::read_in(jobs, leased, &watch)).await,
    };
    let Err(error) = done else {
        tracing::info!("a job is complete");
        return Ok(End::Complete);
    };
    match error.fate() {
        Fate::Left => {
            tracing::info!("a job is no longer ours");
            Ok(End::Left)
        }
        Fate::GivenBack => {
            give_back(jobs, leased).await?;
            Ok(End::GivenBack)
        }
        Fate::Again(_) if leased.job.tries < MOST_TRIES => {
            note(&error, None);
            let due_at = jobs.services.ambient.now() + PAUSE;
            give_back_until(jobs, leased, due_at, Try::Counts).await?;
            Ok(End::GivenBack)
        }
        Fate::Again(fault) | Fate::Failed(fault) => {
            note(&error, Some(&fault));
            fail(jobs, leased.held(), &fault).await
        }
    }
}

/// Once, here, with its causes. What can't be done as it was asked for is no failure of ours.
fn note(error: &NotDone, fault: Option<&JobFault>) {
    let cause: &dyn Error = error;
    match (fault, error) {
        (None, _) => tracing::warn!(error = cause, "a job is tried again"),
        (Some(fault), NotDone::Refused(_)) => {
            tracing::info!(
                error = cause,
                code = fault.code,
                "a job can not be done as it was asked for"
            );
        }
        (Some(fault), _) => tracing::error!(error = cause, code = fault.code, "a job has failed"),
    }
}

async fn fail(jobs: &Jobs, held: Held, fault: &JobFault) -> Result<End, StoreError> {
    let at = jobs.services.ambient.now();
    let ended = Ended { at, expires_at: at };
    let ours = read(&jobs.services.pool, |conn| {
        rows::update_failed(conn, held, fault, ended).scope_boxed()
    })
    .await?;
    Ok(if ours { End::Failed } else { End::Left })
}

/// Keeps the lease of a job, and knows when its work is to end.
#[derive(Debug, Clone, Copy)]
pub(in crate::service) struct Watch<'a> {
    jobs: &'a Jobs,
    held: Held,
    stop: &'a CancellationToken,
}

impl Watch<'_> {
    /// Works until it is done, the lease is lost or the worker stops, whichever is first.
    pub(in crate::service) async fn over<T>(
        &self,
        work: impl Future<Output = Result<T, NotDone>>,
    ) -> Result<T, NotDone> {
        tokio::select! {
            done = work => done,
            () = self.lost() => Err(NotDone::Lost),
            () = self.stop.cancelled() => Err(NotDone::Stopped),
        }
    }

    /// Keeps the lease; returns when it is somebody else's.
    async fn lost(&self) {
        loop {
            sleep(self.jobs.pace.heartbeat).await;
            let until = lease_until(self.jobs.services.ambient.now());
            let kept = read(&self.jobs.services.pool, |conn| {
                rows::update_lease(conn, self.held, until).scope_boxed()
            });
            match kept.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    // If it lapses meanwhile, whatever is said of the job later says so.
                    let error: &dyn Error = &error;
                    tracing::warn!(error, "a job's lease could not be kept for now");
                }
            }
        }
    }
}
