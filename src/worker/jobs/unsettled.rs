//! Raises what the payment gateway leaves open for too long.

use super::{JobError, Progress, progress};
use crate::service::Cause;
use crate::service::payments::report_unsettled;
use crate::worker::WorkerParts;

/// Attempts that are told of in one transaction.
const BATCH: i64 = 100;

pub(super) async fn payments(parts: &WorkerParts) -> Result<Progress, JobError> {
    let ambient = &parts.services.ambient;
    let cause = Cause { request_id: ambient.uuid().to_string(), trace_parent: None };
    let told = report_unsettled(&parts.payments, &cause, BATCH).await?;
    Ok(progress(u64::try_from(told).unwrap_or(u64::MAX), BATCH))
}
