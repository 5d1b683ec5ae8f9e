//! Shows how far behind the outbox is; it changes nothing.

use super::{JobError, Progress};
use crate::service::outbox::measure_lag;
use crate::worker::WorkerParts;

pub(super) async fn outbox(parts: &WorkerParts) -> Result<Progress, JobError> {
    let lag = measure_lag(&parts.services).await?;
    let unsent = f64::from(u32::try_from(lag.unsent).unwrap_or(u32::MAX));
    metrics::gauge!("till_outbox_unsent").set(unsent);
    metrics::gauge!("till_outbox_oldest_seconds").set(lag.oldest.as_seconds_f64());
    Ok(Progress::Done)
}
