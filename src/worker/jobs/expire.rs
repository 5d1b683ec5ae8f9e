//! Ends what waited too long: orders that were never paid.

use super::{JobError, Progress, progress};
use crate::service::Cause;
use crate::service::orders::expire_due;
use crate::worker::WorkerParts;

/// Orders that end in one transaction.
const BATCH: i64 = 100;

pub(super) async fn orders(parts: &WorkerParts) -> Result<Progress, JobError> {
    let services = &parts.services;
    let cause = Cause { request_id: services.ambient.uuid().to_string(), trace_parent: None };
    let expired = expire_due(services, &cause, BATCH).await?;
    if expired > 0 {
        tracing::info!(expired, request_id = cause.request_id, "unpaid orders have expired");
    }
    Ok(progress(u64::try_from(expired).unwrap_or(u64::MAX), BATCH))
}
