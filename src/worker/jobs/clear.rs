//! Removes the files of long jobs whose time is over.

use super::{JobError, Progress, progress};
use crate::service::jobs::clear_expired;
use crate::worker::WorkerParts;

/// Jobs that are cleared between two looks at the clock.
const BATCH: i64 = 20;

pub(super) async fn files(parts: &WorkerParts) -> Result<Progress, JobError> {
    Ok(progress(clear_expired(&parts.jobs, BATCH).await?, BATCH))
}
