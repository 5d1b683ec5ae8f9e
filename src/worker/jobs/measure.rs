//! Shows how far behind background work and the payment gateway are; it changes nothing.

use super::{JobError, Progress};
use crate::service::outbox::measure_lag;
use crate::service::payments::count_live;
use crate::service::waiting;
use crate::worker::WorkerParts;
use crate::worker::consumers::NAMES;

pub(super) async fn outbox(parts: &WorkerParts) -> Result<Progress, JobError> {
    let lag = measure_lag(&parts.services).await?;
    metrics::gauge!("till_outbox_unsent").set(figure(lag.unsent));
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
        metrics::gauge!("till_payment_attempts_live", "age" => age).set(figure(attempts));
    }
    Ok(Progress::Done)
}

pub(super) async fn waiting(parts: &WorkerParts) -> Result<Progress, JobError> {
    let waiting = waiting::measure(&parts.services).await?;
    for (kind, queue) in waiting.jobs {
        let (kind, oldest) = (kind.as_str(), queue.oldest.as_seconds_f64());
        metrics::gauge!("till_jobs_waiting", "kind" => kind).set(figure(queue.waiting));
        metrics::gauge!("till_jobs_oldest_seconds", "kind" => kind).set(oldest);
    }
    let webhooks = waiting.webhooks;
    metrics::gauge!("till_webhook_deliveries_waiting").set(figure(webhooks.waiting));
    let oldest = webhooks.oldest.as_seconds_f64();
    metrics::gauge!("till_webhook_deliveries_oldest_seconds").set(oldest);
    // A consumer of another version may have left some: they are nobody's here, and `till dead-letters list` shows them.
    for name in NAMES.iter().copied() {
        let kept = waiting.dead_letters.iter().find(|(consumer, _letters)| consumer == name);
        let kept = kept.map_or(0, |(_consumer, letters)| *letters);
        metrics::gauge!("till_dead_letters_kept", "consumer" => name).set(figure(kept));
    }
    Ok(Progress::Done)
}

fn figure(count: i64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
