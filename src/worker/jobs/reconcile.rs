//! Settles what the payment gateway's answer was never heard of.

use super::{JobError, Progress};
use crate::service::payments::{look_again_due, reconcile_due};
use crate::worker::WorkerParts;

/// One at a time, so that a stop waits for one call at the most.
pub(super) async fn payments(parts: &WorkerParts) -> Result<Progress, JobError> {
    let looked_at = reconcile_due(&parts.payments, 1).await?;
    Ok(if looked_at == 0 { Progress::Done } else { Progress::More })
}

/// Charges that were given up, and may have been made after all.
pub(super) async fn given_up(parts: &WorkerParts) -> Result<Progress, JobError> {
    let looked_at = look_again_due(&parts.payments, 1).await?;
    Ok(if looked_at == 0 { Progress::Done } else { Progress::More })
}
