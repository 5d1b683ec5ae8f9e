//! Gives up authorisations that nobody captured in time. For the worker; several may do it at once.

use scoped_futures::ScopedFutureExt;
use time::Duration;

use super::{PaymentError, Payments, lease};
use crate::domain::payment::{AUTHORIZATION_LIVES, GatewayOperation};
use crate::service::Cause;
use crate::service::transact::transact;
use crate::store;
use crate::store::payment_attempts::NewAttempt;

/// A gateway that refused to cancel is asked again after so long.
const AGAIN_AFTER: Duration = Duration::hours(1);

/// Orders the cancellation of up to `limit` authorisations that are older than [`AUTHORIZATION_LIVES`]; how many. The
/// reconciler makes the calls.
///
/// # Errors
/// The store's; none was ordered.
#[tracing::instrument(name = "service.payments.lapse_due", skip_all)]
pub async fn lapse_due(
    payments: &Payments,
    cause: &Cause,
    limit: i64,
) -> Result<usize, PaymentError> {
    let ambient = &payments.services.ambient;
    transact(&payments.services.pool, |conn| {
        async move {
            let now = ambient.now();
            let before = now - AUTHORIZATION_LIVES;
            let due =
                store::payments::list_authorized_for_update(conn, before, now - AGAIN_AFTER, limit)
                    .await?;
            let mut ordered = 0;
            for payment in &due {
                // A capture may have begun between the search and the lock.
                if store::payment_attempts::is_live(conn, payment.id).await? {
                    continue;
                }
                let id = ambient.id();
                let attempt = NewAttempt {
                    id,
                    payment_id: payment.id,
                    operation: GatewayOperation::Cancel,
                    amount: payment.amount,
                    gateway_key: id.to_string(),
                    lease: lease::nobodys(ambient, now),
                    keyed: false,
                    request_id: cause.request_id.clone(),
                    created_at: now,
                };
                store::payment_attempts::insert(conn, &attempt).await?;
                ordered += 1;
            }
            Ok(ordered)
        }
        .scope_boxed()
    })
    .await
}
