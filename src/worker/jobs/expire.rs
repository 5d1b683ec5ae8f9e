//! Ends what waited too long: orders that were never paid, authorisations that were never captured.

use super::{JobError, Progress, progress};
use crate::service::Cause;
use crate::service::orders::expire_due;
use crate::service::payments::lapse_due;
use crate::worker::WorkerParts;

/// Orders, or authorisations, that end in one transaction.
const BATCH: i64 = 100;

pub(super) async fn orders(parts: &WorkerParts) -> Result<Progress, JobError> {
    let cause = cause(parts);
    let expired = expire_due(&parts.services, &cause, BATCH).await?;
    if expired > 0 {
        tracing::info!(expired, request_id = cause.request_id, "unpaid orders have expired");
    }
    Ok(progress(u64::try_from(expired).unwrap_or(u64::MAX), BATCH))
}

pub(super) async fn authorizations(parts: &WorkerParts) -> Result<Progress, JobError> {
    let cause = cause(parts);
    let lapsed = lapse_due(&parts.payments, &cause, BATCH).await?;
    if lapsed > 0 {
        tracing::info!(lapsed, request_id = cause.request_id, "authorisations have lapsed");
    }
    Ok(progress(u64::try_from(lapsed).unwrap_or(u64::MAX), BATCH))
}

/// Nobody asked for it: an id of its own stands where a request's would.
fn cause(parts: &WorkerParts) -> Cause {
    Cause { request_id: parts.services.ambient.uuid().to_string(), trace_parent: None }
}
