//! Gives up authorisations that nobody captured in time; the reconciler makes the calls.

use super::{JobError, Progress, progress};
use crate::service::Cause;
use crate::service::payments::lapse_due;
use crate::worker::WorkerParts;

/// Authorisations that are given up in one transaction.
const BATCH: i64 = 100;

pub(super) async fn payments(parts: &WorkerParts) -> Result<Progress, JobError> {
    let ambient = &parts.services.ambient;
    let cause = Cause { request_id: ambient.uuid().to_string(), trace_parent: None };
    let lapsed = lapse_due(&parts.payments, &cause, BATCH).await?;
    if lapsed > 0 {
        tracing::info!(lapsed, request_id = cause.request_id, "authorisations have lapsed");
    }
    Ok(progress(u64::try_from(lapsed).unwrap_or(u64::MAX), BATCH))
}
