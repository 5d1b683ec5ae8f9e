//! What it means for payment, order and journal how a charge stands at the gateway; part of a transaction, with the rows locked.

use sqlx::PgConnection;

use super::PaymentError;
use super::call::Verdict;
use super::locked::Locked;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::ledger::Entry;
use crate::domain::money::{Amount, Money};
use crate::domain::order::{Order, OrderStatus, PARTLY_PAID_ORDER_LIVES, UNPAID_ORDER_LIVES};
use crate::domain::payment::{
    AUTHORIZATION_LIVES, CaptureRefusal, GatewayOperation, Payment, PaymentStatus,
};
use crate::service::outcome::{Outcome, Refusal};
use crate::store::{self, StoreError};

/// Brings the payment to where its charge stands, and says what came of the operation that was asked for.
pub(super) async fn settle_charge(
    conn: &mut PgConnection,
    ambient: &Ambient,
    locked: &mut Locked,
    operation: GatewayOperation,
    verdict: &Verdict,
) -> Result<(Outcome, Vec<Event>), PaymentError> {
    let mut events = Vec::new();
    if let Some(event) = advance(ambient, &mut locked.payment, verdict) {
        events.push(event);
        store::payments::update(conn, &locked.payment).await?;
        if let Verdict::Captured { captured, .. } = verdict {
            record_capture(conn, ambient, &locked.payment, *captured).await?;
        }
        if let Some(order) = &mut locked.order {
            events.extend(follow(conn, ambient, order, verdict).await?);
        }
    }
    Ok((outcome_of(operation, locked.payment.clone()), events))
}

fn outcome_of(operation: GatewayOperation, payment: Payment) -> Outcome {
    let status = payment.status;
    match (operation, status) {
        (GatewayOperation::Capture, PaymentStatus::Succeeded) => {
            Outcome::PaymentCaptured(Box::new(payment))
        }
        (GatewayOperation::Cancel, PaymentStatus::Canceled) => {
            Outcome::PaymentCanceled(Box::new(payment))
        }
        (GatewayOperation::Capture, _) => {
            Outcome::Refused(Refusal::Capture(CaptureRefusal::NotCapturable { status }))
        }
        (GatewayOperation::Cancel, _) => {
            Outcome::Refused(Refusal::PaymentNotCancellable { status })
        }
        (GatewayOperation::Charge | GatewayOperation::Refund(_), _) => {
            Outcome::PaymentCreated(Box::new(payment))
        }
    }
}

/// What the verdict makes of the payment, and the event that tells of it; `None` where it changes nothing.
fn advance(ambient: &Ambient, payment: &mut Payment, verdict: &Verdict) -> Option<Event> {
    let now = ambient.now();
    let (payment_id, order_id, customer_id) = (payment.id, payment.order_id, payment.customer_id);
    let currency = payment.currency;
    let event = match (payment.status, verdict) {
        (
            PaymentStatus::Processing | PaymentStatus::RequiresCapture,
            Verdict::Captured { charge_id, captured },
        ) => {
            payment.status = PaymentStatus::Succeeded;
            payment.amount_captured = captured.get();
            payment.gateway_charge_id = Some(charge_id.clone());
            let amount = *captured;
            Event::PaymentSucceeded { payment_id, order_id, customer_id, amount, currency }
        }
        (PaymentStatus::Processing, Verdict::Authorized { charge_id }) => {
            payment.status = PaymentStatus::RequiresCapture;
            payment.authorized_at = Some(now);
            payment.gateway_charge_id = Some(charge_id.clone());
            let amount = payment.amount;
            Event::PaymentAuthorized { payment_id, order_id, customer_id, amount, currency }
        }
        (
            PaymentStatus::Processing | PaymentStatus::RequiresCapture,
            Verdict::Canceled { charge_id },
        ) => {
            payment.status = PaymentStatus::Canceled;
            payment.gateway_charge_id = Some(charge_id.clone());
            Event::PaymentCanceled { payment_id, order_id, customer_id }
        }
        (PaymentStatus::Processing, Verdict::Failed(failure)) => {
            payment.status = PaymentStatus::Failed;
            payment.failure = Some(failure.clone());
            let code = failure.code.clone();
            Event::PaymentFailed { payment_id, order_id, customer_id, code }
        }
        (_, _) => return None,
    };
    payment.updated_at = now;
    Some(event)
}

/// Writes into the journal that the payment's money came in.
pub(super) async fn record_capture(
    conn: &mut PgConnection,
    ambient: &Ambient,
    payment: &Payment,
    captured: Amount,
) -> Result<(), StoreError> {
    let money = Money { amount: captured, currency: payment.currency };
    let entry = Entry::capture(payment, money);
    store::journal::insert(conn, ambient.id(), &entry, ambient.now()).await
}

/// What the verdict means for the order: money came in, or it gets its time to be paid anew.
pub(super) async fn follow(
    conn: &mut PgConnection,
    ambient: &Ambient,
    order: &mut Order,
    verdict: &Verdict,
) -> Result<Option<Event>, StoreError> {
    let now = ambient.now();
    let before = order.status;
    let lives = match verdict {
        Verdict::Captured { captured, .. } => {
            // An order that takes no money any more keeps its state; its sums still tell the truth.
            order.status = order.receive(*captured).unwrap_or(before);
            order.paid_amount += captured.get();
            PARTLY_PAID_ORDER_LIVES
        }
        Verdict::Authorized { .. } => AUTHORIZATION_LIVES,
        // What was captured of it before still waits for the rest.
        Verdict::Canceled { .. } | Verdict::Failed(_) if order.paid_amount > 0 => {
            PARTLY_PAID_ORDER_LIVES
        }
        Verdict::Canceled { .. } | Verdict::Failed(_) => UNPAID_ORDER_LIVES,
        Verdict::Refunded | Verdict::RefundRefused => return Ok(None),
    };
    if order.status == OrderStatus::Pending {
        order.expires_at = order.expires_at.max(now + lives);
    }
    order.updated_at = now;
    store::orders::update(conn, order).await?;
    let became_paid = before != OrderStatus::Paid && order.status == OrderStatus::Paid;
    let paid = Event::OrderPaid { order_id: order.id, customer_id: order.customer_id };
    Ok(became_paid.then_some(paid))
}
