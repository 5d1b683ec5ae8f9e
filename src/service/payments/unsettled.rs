//! Tells a human of what the gateway leaves open for too long; settling it stays the reconciler's business.

use scoped_futures::ScopedFutureExt;
use time::Duration;

use super::{PaymentError, Payments};
use crate::domain::event::Event;
use crate::service::transact::{read, transact};
use crate::service::{Cause, outbox};
use crate::store;

pub use crate::store::payment_attempts::LiveByAge;

/// After this a human is told.
pub const UNSETTLED_FOR: Duration = Duration::HOUR;

/// Tells of up to `limit` attempts that are live for [`UNSETTLED_FOR`], of each once; how many.
///
/// # Errors
/// The store's; none was told of.
#[tracing::instrument(name = "service.payments.report_unsettled", skip_all)]
pub async fn report_unsettled(
    payments: &Payments,
    cause: &Cause,
    limit: i64,
) -> Result<usize, PaymentError> {
    let ambient = &payments.services.ambient;
    let told: Vec<Event> = transact(&payments.services.pool, |conn| {
        async move {
            let now = ambient.now();
            let before = now - UNSETTLED_FOR;
            let overdue =
                store::payment_attempts::update_reported(conn, before, now, limit).await?;
            let events: Vec<Event> = overdue
                .into_iter()
                .map(|one| Event::PaymentUnsettled {
                    payment_id: one.payment_id,
                    refund_id: one.refund_id,
                    customer_id: one.customer_id,
                    operation: one.operation,
                    since: one.since,
                })
                .collect();
            outbox::publish(conn, ambient, cause, &events).await?;
            Ok::<_, PaymentError>(events)
        }
        .scope_boxed()
    })
    .await?;
    for event in &told {
        metrics::counter!("till_payments_unsettled_total").increment(1);
        if let Event::PaymentUnsettled { payment_id, operation, since, .. } = event {
            tracing::error!(payment = %payment_id, operation, %since, "the gateway leaves a payment open");
        }
    }
    Ok(told.len())
}

/// How many questions to the gateway are open, by their age.
///
/// # Errors
/// The store's.
pub async fn count_live(payments: &Payments) -> Result<LiveByAge, PaymentError> {
    let now = payments.services.ambient.now();
    let (minute_ago, hour_ago) = (now - Duration::MINUTE, now - UNSETTLED_FOR);
    read(&payments.services.pool, move |conn| {
        async move { Ok(store::payment_attempts::count_live(conn, minute_ago, hour_ago).await?) }
            .scope_boxed()
    })
    .await
}
