//! Money that came after the payment was given up: it is never dropped. Its order takes it where it still waits for that
//! much; else it is owed back, counts for no order, and the reconciler returns it.

use scoped_futures::ScopedFutureExt;
use time::{Duration, OffsetDateTime};

use super::call::{Verdict, find_charge};
use super::counted::count;
use super::locked::{Locked, lock};
use super::read::payment_of;
use super::refund::{GivenBack, give_back};
use super::settle_charge::{follow, record_capture};
use super::{PaymentError, Payments};
use crate::domain::event::Event;
use crate::domain::ids::PaymentId;
use crate::domain::money::Amount;
use crate::domain::order::{OrderPayments, OrderStatus};
use crate::domain::payment::{GatewayOperation, Payment, PaymentStatus};
use crate::service::transact::transact;
use crate::service::{Cause, Services, outbox};
use crate::store::payment_attempts::LeasedAttempt;
use crate::store::{self, StoreError};

/// After so many tries a charge that the gateway doesn't know is given up; about ten minutes.
pub(super) const MOST_TRIES: i32 = 10;

/// When the gateway is asked about a charge once more, from when it was given up.
const LOOKS: [Duration; 2] = [Duration::hours(1), Duration::hours(24)];

/// Nobody else looks meanwhile; and where the gateway doesn't answer, so long until the next try.
const LOOK_LEASE: Duration = Duration::minutes(1);

/// Whether this verdict gives a charge up, which may yet be made.
pub(super) fn gives_up(attempt: &LeasedAttempt, verdict: &Verdict) -> bool {
    attempt.operation == GatewayOperation::Charge
        && attempt.tries >= MOST_TRIES
        && matches!(verdict, Verdict::Failed(_))
}

/// When to look at a charge again that was given up at `settled_at`; `None` after the last look.
pub(super) fn next_look(settled_at: OffsetDateTime, now: OffsetDateTime) -> Option<OffsetDateTime> {
    LOOKS.map(|after| settled_at + after).into_iter().find(|at| *at > now)
}

/// Asks the gateway about up to `limit` charges that were given up a while ago, as its call-back may have been lost; how
/// many.
///
/// # Errors
/// [`PaymentError::GatewayUnavailable`] or [`PaymentError::NoAnswer`], and it is asked again later; or the store's.
#[tracing::instrument(name = "service.payments.look_again_due", skip_all)]
pub async fn look_again_due(payments: &Payments, limit: usize) -> Result<usize, PaymentError> {
    let Services { pool, ambient, .. } = &payments.services;
    let mut looked_at = 0;
    while looked_at < limit {
        let now = ambient.now();
        let given_up = transact::<_, StoreError, _>(pool, |conn| {
            store::payment_attempts::lease_given_up(conn, now, now + LOOK_LEASE).scope_boxed()
        })
        .await?;
        let Some(given_up) = given_up else { break };
        let cause = Cause { request_id: given_up.request_id, trace_parent: None };
        let payment = payment_of(payments, given_up.payment_id).await?;
        look_for_late_money(payments, &cause, &payment).await?;
        let next = next_look(given_up.settled_at, now);
        transact::<_, StoreError, _>(pool, |conn| {
            store::payment_attempts::update_look_again(conn, given_up.id, next).scope_boxed()
        })
        .await?;
        looked_at += 1;
    }
    Ok(looked_at)
}

/// Asks the gateway once more about a payment that was given up, and takes in what it captured after all.
pub(super) async fn look_for_late_money(
    payments: &Payments,
    cause: &Cause,
    payment: &Payment,
) -> Result<(), PaymentError> {
    let admission = payments.gateway.admit().await?;
    let found = find_charge(payments, admission, payment).await.map_err(PaymentError::NoAnswer)?;
    match found.map(|charge| Verdict::of(charge, payment)) {
        Some(Ok(Verdict::Captured { charge_id, captured })) => {
            take_in(payments, cause, payment.id, captured, &charge_id).await
        }
        Some(Ok(_) | Err(_)) | None => Ok(()),
    }
}

/// Takes in what the gateway captured for a payment that had failed; nothing happens where it has not.
async fn take_in(
    payments: &Payments,
    cause: &Cause,
    id: PaymentId,
    captured: Amount,
    charge_id: &str,
) -> Result<(), PaymentError> {
    let ambient = &payments.services.ambient;
    let taken_in = transact(&payments.services.pool, |conn| {
        async move {
            let mut locked = lock(conn, id).await?;
            if locked.payment.status != PaymentStatus::Failed {
                return Ok(None);
            }
            let sums = match &locked.order {
                Some(order) => store::orders::list_payment_sums(conn, &[order.id])
                    .await?
                    .get(&order.id)
                    .copied()
                    .unwrap_or_default(),
                None => OrderPayments::default(),
            };
            let applied = order_takes(&locked, captured, sums);
            let payment = &mut locked.payment;
            payment.status = PaymentStatus::Succeeded;
            payment.failure = None;
            payment.amount_captured = captured.get();
            payment.gateway_charge_id = Some(charge_id.to_owned());
            payment.applied = applied;
            payment.updated_at = ambient.now();
            store::payments::update(conn, payment).await?;
            record_capture(conn, ambient, payment, captured).await?;
            let mut events = vec![succeeded(payment, captured)];
            if applied && let Some(order) = &mut locked.order {
                let verdict = Verdict::Captured { charge_id: charge_id.to_owned(), captured };
                events.extend(follow(conn, ambient, order, &verdict).await?);
            } else {
                let reason = "The payment came too late.";
                give_back(conn, ambient, payment, GivenBack { cause, reason }).await?;
            }
            outbox::publish(conn, ambient, cause, &events).await?;
            Ok::<_, PaymentError>(Some((applied, events)))
        }
        .scope_boxed()
    })
    .await?;
    if let Some((applied, events)) = taken_in {
        count(&events);
        let result = if applied { "accepted" } else { "given_back" };
        metrics::counter!("payments_late_total", "result" => result).increment(1);
        tracing::warn!(payment = %id, result, "money came after its payment was given up");
    }
    Ok(())
}

/// Whether the order still waits for that much. Without an order there is nobody who waits: the client was told that
/// the payment failed.
fn order_takes(locked: &Locked, captured: Amount, sums: OrderPayments) -> bool {
    locked.order.as_ref().is_some_and(|order| {
        order.status == OrderStatus::Pending && captured.get() <= order.outstanding(sums)
    })
}

fn succeeded(payment: &Payment, amount: Amount) -> Event {
    Event::PaymentSucceeded {
        payment_id: payment.id,
        order_id: payment.order_id,
        customer_id: payment.customer_id,
        amount,
        currency: payment.currency,
    }
}
