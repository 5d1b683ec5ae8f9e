//! Settles charges whose answer was never heard: asks the gateway under our key, and charges again only under that same key.

use scoped_futures::ScopedFutureExt;

use super::charge::{LEASE, order_of};
use super::settle::{Verdict, postpone, settle};
use super::{PaymentError, Payments};
use crate::clients::payment_gateway::GatewayError;
use crate::domain::access::Reach;
use crate::service::Cause;
use crate::service::transact::{read, transact};
use crate::store;
use crate::store::payment_attempts::{Lease, LeasedAttempt};

/// After so many tries a charge that the gateway doesn't know is given up; about ten minutes.
const MOST_TRIES: i32 = 10;

/// Settles up to `limit` charges that are due; how many it looked at.
///
/// # Errors
/// [`PaymentError::GatewayUnavailable`] while the gateway isn't called, or the store's.
pub async fn reconcile_due(payments: &Payments, limit: usize) -> Result<usize, PaymentError> {
    let mut looked_at = 0;
    while looked_at < limit {
        let Some(attempt) = take_over(payments).await? else { break };
        reconcile(payments, &attempt).await?;
        looked_at += 1;
    }
    Ok(looked_at)
}

async fn take_over(payments: &Payments) -> Result<Option<LeasedAttempt>, PaymentError> {
    let ambient = &payments.services.ambient;
    transact(&payments.services.pool, |conn| {
        async move {
            let now = ambient.now();
            let lease = Lease { token: ambient.id(), until: now + LEASE };
            Ok(store::payment_attempts::lease_due_charge(conn, lease, now).await?)
        }
        .scope_boxed()
    })
    .await
}

async fn reconcile(payments: &Payments, attempt: &LeasedAttempt) -> Result<(), PaymentError> {
    let cause = Cause { request_id: attempt.request_id.clone(), trace_parent: None };
    match look_up_or_charge(payments, attempt).await? {
        Ok(verdict) => settle(payments, &cause, attempt, &verdict).await.map(drop),
        Err(open) => postpone(payments, attempt, &open).await,
    }
}

async fn look_up_or_charge(
    payments: &Payments,
    attempt: &LeasedAttempt,
) -> Result<Result<Verdict, String>, PaymentError> {
    let gateway = &payments.gateway;
    let known: Result<_, GatewayError> =
        gateway.find_charge(gateway.admit().await?, &attempt.gateway_key).await;
    match known {
        Ok(Some(charge)) => return Ok(Verdict::of(Ok(charge))),
        Err(error) => return Ok(Err(error.to_string())),
        // A definite answer: no request of ours has charged, and by now none is under way.
        Ok(None) if attempt.tries >= MOST_TRIES => return Ok(Ok(Verdict::gateway_error())),
        Ok(None) => {}
    }
    let id = attempt.payment_id;
    let payment = read(&payments.services.pool, |conn| {
        store::payments::find(conn, id, Reach::Everyone).scope_boxed()
    })
    .await?
    .ok_or(PaymentError::Lost(id))?;
    let order = order_of(payments, &payment, &attempt.gateway_key);
    Ok(Verdict::of(gateway.charge(gateway.admit().await?, &order).await))
}
