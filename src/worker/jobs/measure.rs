//! Shows how far behind the outbox and the payment gateway are; it changes nothing.

use super::{JobError, Progress};
use crate::service::outbox::measure_lag;
use crate::service::payments::count_live;
use crate::worker::WorkerParts;

pub(super) async fn outbox(parts: &WorkerParts) -> Result<Progress, JobError> {
    let lag = measure_lag(&parts.services).await?;
    let unsent = f64::from(u32::try_from(lag.unsent).unwrap_or(u32::MAX));
    metrics::gauge!("till_outbox_unsent").set(unsent);
    metrics::gauge!("till_outbox_oldest_seconds").set(lag.oldest.as_seconds_f64());
    Ok(Progress::Done)
}

pub(super) async fn payments(parts: &WorkerParts) -> Result<Progress, JobError> {
    let live = count_live(&parts.payments).await?;
    for (age, attempts) in [
        ("within_a_minute", live.within_a_minute),
        ("within_an_hour", live.within_an_hour),
        ("older", live.older),
    ] {
        let attempts = f64::from(u32::try_from(attempts).unwrap_or(u32::MAX));
        metrics::gauge!("till_payment_attempts_live", "age" => age).set(attempts);
    }
    Ok(Progress::Done)
}
