//! Call-backs of the gateway: a signed message is news that a charge changed, never a proof of how it stands. That is
//! asked of the gateway, and settled as any other answer; copies and messages out of order therefore change nothing.

use scoped_futures::ScopedFutureExt;
use uuid::Uuid;

use super::late::look_for_late_money;
use super::reconcile::reconcile;
use super::{PaymentError, Payments, lease};
use crate::clients::payment_gateway::{ChargeNotice, SignedCallback};
use crate::domain::access::Reach;
use crate::domain::ids::PaymentId;
use crate::domain::payment::{Payment, PaymentStatus};
use crate::service::Cause;
use crate::service::transact::{read, transact};
use crate::store;
use crate::store::payment_attempts::LeasedAttempt;
use crate::store::quarantined_callbacks::QuarantinedCallback;

/// What became of a call-back that was believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callback {
    /// Whatever it tells of is settled, or somebody is on it.
    Heard,
    /// It speaks of a charge as it can't be: kept for a human, and nothing else.
    Quarantined,
}

/// Acts on a call-back.
///
/// # Errors
/// [`PaymentError::Callback`] where it isn't the gateway's, [`PaymentError::GatewayUnavailable`] or the store's where
/// it can't be acted on now: the gateway sends it again.
#[tracing::instrument(name = "service.payments.receive_callback", skip_all)]
pub async fn receive(
    payments: &Payments,
    cause: &Cause,
    callback: &SignedCallback<'_>,
) -> Result<Callback, PaymentError> {
    let notice = payments.callbacks.open(callback)?;
    let payment = match find(payments, &notice).await? {
        Ok(payment) => payment,
        Err(reason) => return quarantine(payments, callback.id, &notice, reason).await,
    };
    for attempt in take_over(payments, payment.id).await? {
        let admission = payments.gateway.admit().await?;
        reconcile(payments, admission, &attempt).await?;
    }
    if payment.status == PaymentStatus::Failed {
        look_for_late_money(payments, cause, &payment).await?;
    }
    Ok(Callback::Heard)
}

/// The payment that a notice is about, or why there can't be one.
async fn find(
    payments: &Payments,
    notice: &ChargeNotice,
) -> Result<Result<Payment, &'static str>, PaymentError> {
    // A charge's key is the payment's id.
    let Ok(id) = Uuid::try_parse(&notice.key).map(PaymentId::from) else {
        return Ok(Err("no payment has this key"));
    };
    let found = read(&payments.services.pool, |conn| {
        store::payments::find(conn, id, Reach::Everyone).scope_boxed()
    })
    .await?;
    Ok(match found {
        None => Err("no payment has this key"),
        Some(payment) if payment.amount.get() != notice.amount => Err("the amount is another"),
        Some(payment) if payment.currency.code() != notice.currency => {
            Err("the currency is another")
        }
        Some(payment) => Ok(payment),
    })
}

async fn quarantine(
    payments: &Payments,
    id: &str,
    notice: &ChargeNotice,
    reason: &'static str,
) -> Result<Callback, PaymentError> {
    let callback = QuarantinedCallback {
        id,
        reason,
        gateway_key: &notice.key,
        amount: notice.amount,
        currency: &notice.currency,
        received_at: payments.services.ambient.now(),
    };
    let fresh = transact(&payments.services.pool, |conn| {
        async move { store::quarantined_callbacks::insert(conn, callback).await }.scope_boxed()
    })
    .await?;
    if fresh {
        metrics::counter!("payment_callbacks_quarantined_total").increment(1);
        tracing::error!(key = notice.key, reason, "a signed call-back can't be true");
    }
    Ok(Callback::Quarantined)
}

async fn take_over(payments: &Payments, id: PaymentId) -> Result<Vec<LeasedAttempt>, PaymentError> {
    let ambient = &payments.services.ambient;
    transact(&payments.services.pool, |conn| {
        async move {
            let now = ambient.now();
            let lease = lease::from_now(ambient, now);
            Ok(store::payment_attempts::lease_all_of(conn, id, lease, now).await?)
        }
        .scope_boxed()
    })
    .await
}
