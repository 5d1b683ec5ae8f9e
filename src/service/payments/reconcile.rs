//! Settles what was asked of the gateway and never answered: asks again, under the same key and only under that.

use scoped_futures::ScopedFutureExt;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::call::{Heard, Verdict, call, find_charge};
use super::late::{MOST_TRIES, gives_up, look_for_late_money};
use super::read::payment_of;
use super::settle::{conclude, postpone};
use super::{PaymentError, Payments, lease};
use crate::clients::payment_gateway::Admission;
use crate::domain::payment::{GatewayOperation, Payment};
use crate::service::Cause;
use crate::service::transact::transact;
use crate::store;
use crate::store::payment_attempts::LeasedAttempt;
use crate::trace_context;

/// Settles up to `limit` attempts that are due; how many it looked at.
///
/// # Errors
/// [`PaymentError::GatewayUnavailable`] while the gateway isn't called, or the store's.
#[tracing::instrument(name = "service.payments.reconcile_due", skip_all)]
pub async fn reconcile_due(payments: &Payments, limit: usize) -> Result<usize, PaymentError> {
    let mut looked_at = 0;
    while looked_at < limit {
        // Before the lease: what isn't called now stays due.
        let admission = payments.gateway.admit().await?;
        let Some(attempt) = take_over(payments).await? else { break };
        let span = span(&attempt);
        reconcile(payments, admission, &attempt).instrument(span).await?;
        looked_at += 1;
    }
    Ok(looked_at)
}

/// A trace of its own: the look that found the attempt is none.
fn span(attempt: &LeasedAttempt) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "service.payments.reconcile",
        payment = %attempt.payment_id,
        request_id = attempt.request_id,
        trace_id = Empty,
    );
    trace_context::show(&span);
    span
}

async fn take_over(payments: &Payments) -> Result<Option<LeasedAttempt>, PaymentError> {
    let ambient = &payments.services.ambient;
    transact(&payments.services.pool, |conn| {
        async move {
            let now = ambient.now();
            let lease = lease::from_now(ambient, now);
            Ok(store::payment_attempts::lease_due(conn, lease, now).await?)
        }
        .scope_boxed()
    })
    .await
}

/// Learns how an attempt ended that is ours now, and settles it or leaves it for later.
pub(super) async fn reconcile(
    payments: &Payments,
    admission: Admission,
    attempt: &LeasedAttempt,
) -> Result<(), PaymentError> {
    let trace_parent = trace_context::current();
    let cause = Cause { request_id: attempt.request_id.clone(), trace_parent };
    let payment = payment_of(payments, attempt.payment_id).await?;
    let heard = match attempt.operation {
        GatewayOperation::Charge => {
            look_up_or_charge(payments, admission, attempt, &payment).await?
        }
        GatewayOperation::Capture | GatewayOperation::Cancel | GatewayOperation::Refund(_) => {
            call(payments, admission, attempt, &payment).await?
        }
    };
    let verdict = match heard {
        Ok(verdict) => verdict,
        Err(open) => return postpone(payments, attempt, &open).await,
    };
    let settled = conclude(payments, &cause, attempt, &verdict).await?;
    if settled.is_some() && gives_up(attempt, &verdict) {
        // A charge that came since the look-up was told of while the payment wasn't given up yet: that call-back is gone.
        look_for_late_money(payments, &cause, &payment).await?;
    }
    Ok(())
}

async fn look_up_or_charge(
    payments: &Payments,
    admission: Admission,
    attempt: &LeasedAttempt,
    payment: &Payment,
) -> Result<Heard, PaymentError> {
    match find_charge(payments, admission, payment).await {
        Ok(Some(charge)) => return Ok(Verdict::of(charge, payment)),
        Err(error) => return Ok(Err(error.to_string())),
        // A definite answer: no request of ours has charged, and by now none is under way.
        Ok(None) if attempt.tries >= MOST_TRIES => return Ok(Ok(Verdict::gateway_error())),
        Ok(None) => {}
    }
    match payments.gateway.admit().await {
        // The look-up has just told how the gateway is. A charge that fails once more tells of itself alone: a few of
        // that kind must not keep the circuit open for all that could be settled.
        Ok(admission) => call(payments, admission.unjudged(), attempt, payment).await,
        Err(refusal) => Ok(Err(refusal.to_string())),
    }
}
