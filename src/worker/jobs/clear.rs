//! Removes the files of long jobs whose time is over, files of which no job tells, and what is owed to webhook endpoints
//! that want nothing any more.

use super::{JobError, Progress, progress};
use crate::service::jobs::{clear_expired, sweep_strays};
use crate::service::webhooks::clear;
use crate::worker::WorkerParts;

/// Jobs that are cleared between two looks at the clock.
const BATCH: i64 = 20;

pub(super) async fn files(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(clear_expired(&parts.jobs, BATCH).await?, BATCH))
}

pub(super) async fn strays(parts: &WorkerParts) -> Result<Progress, JobError> {
    let swept = sweep_strays(&parts.jobs).await?;
    if swept > 0 {
        tracing::warn!(swept, "files without a job were removed");
    }
    Ok(Progress::Done)
}

/// Rows of one statement.
const WEBHOOKS: i64 = 1_000;

pub(super) async fn webhooks(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(clear(&parts.services, WEBHOOKS).await?, WEBHOOKS))
}
