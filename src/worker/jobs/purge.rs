//! Forgets what is over, a batch at a time, so that no statement takes long.

use super::{JobError, Progress, progress};
use crate::service::housekeeping;
use crate::service::jobs::purge_cleared;
use crate::worker::WorkerParts;

const BATCH: i64 = 1_000;

pub(super) async fn idempotency_keys(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(housekeeping::purge_idempotency_keys(&parts.services, BATCH).await?, BATCH))
}

pub(super) async fn sessions(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(housekeeping::purge_sessions(&parts.services, BATCH).await?, BATCH))
}

pub(super) async fn account_tokens(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(housekeeping::purge_account_tokens(&parts.services, BATCH).await?, BATCH))
}

pub(super) async fn oauth(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(housekeeping::purge_oauth(&parts.services, BATCH).await?, BATCH))
}

pub(super) async fn sent_messages(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(housekeeping::purge_sent_messages(&parts.services, BATCH).await?, BATCH))
}

pub(super) async fn handled_messages(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(housekeeping::purge_handled_messages(&parts.services, BATCH).await?, BATCH))
}

pub(super) async fn events(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(housekeeping::purge_events(&parts.services, BATCH).await?, BATCH))
}

pub(super) async fn audit_log(parts: &WorkerParts) -> Result<Progress, JobError> {
    let keep = parts.audit_log_kept;
    Ok(progress(housekeeping::purge_audit_log(&parts.services, keep, BATCH).await?, BATCH))
}

pub(super) async fn long_jobs(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(purge_cleared(&parts.jobs, BATCH).await?, BATCH))
}
