//! Money that came after the payment was given up: it is never dropped. Its order takes it where it still waits for that
//! much; else it is owed back, counts for no order, and the reconciler returns it.

use scoped_futures::ScopedFutureExt;

use super::call::{Verdict, find_charge};
use super::locked::{Locked, lock};
use super::refund::{GivenBack, give_back};
use super::settle_charge::{follow, record_capture};
use super::{PaymentError, Payments};
use crate::domain::event::Event;
use crate::domain::ids::PaymentId;
use crate::domain::money::Amount;
use crate::domain::order::{OrderPayments, OrderStatus};
use crate::domain::payment::{Payment, PaymentStatus};
use crate::service::transact::transact;
use crate::service::{Cause, outbox};
use crate::store;

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
            Ok::<_, PaymentError>(Some(applied))
        }
        .scope_boxed()
    })
    .await?;
    if let Some(applied) = taken_in {
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
