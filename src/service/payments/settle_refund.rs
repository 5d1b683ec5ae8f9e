//! What the end of a refund means for refund, payment, order and journal; part of a transaction, with the rows locked.

use sqlx::PgConnection;

use super::PaymentError;
use super::call::Verdict;
use super::locked::Locked;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::ids::RefundId;
use crate::domain::ledger::Entry;
use crate::domain::money::{Amount, Money};
use crate::domain::order::{Order, OrderStatus};
use crate::domain::refund::RefundStatus;
use crate::service::outcome::Outcome;
use crate::store::{self, StoreError};

/// Books the money that went back, or that it stays.
pub(super) async fn settle_refund(
    conn: &mut PgConnection,
    ambient: &Ambient,
    locked: &mut Locked,
    id: RefundId,
    verdict: &Verdict,
) -> Result<(Outcome, Vec<Event>), PaymentError> {
    let now = ambient.now();
    let mut refund = store::refunds::find(conn, id).await?.ok_or(PaymentError::RefundLost(id))?;
    let payment = &mut locked.payment;
    let (refund_id, payment_id) = (refund.id, payment.id);
    let (amount, currency) = (refund.amount, refund.currency);
    refund.updated_at = now;
    let mut events = Vec::new();
    if matches!(verdict, Verdict::Refunded) {
        refund.status = RefundStatus::Succeeded;
        payment.amount_refunded += amount.get();
        payment.updated_at = now;
        store::payments::update(conn, payment).await?;
        let entry = Entry::refund(payment, refund_id, Money { amount, currency });
        store::journal::insert(conn, ambient.id(), &entry, now).await?;
        events.push(Event::RefundSucceeded { refund_id, payment_id, amount, currency });
        if let Some(order) = locked.order.as_mut().filter(|_| payment.applied) {
            events.extend(follow(conn, ambient, order, amount).await?);
        }
    } else {
        refund.status = RefundStatus::Failed;
        events.push(Event::RefundFailed { refund_id, payment_id });
    }
    store::refunds::update_status(conn, id, refund.status, now).await?;
    Ok((Outcome::RefundCreated(Box::new(refund)), events))
}

async fn follow(
    conn: &mut PgConnection,
    ambient: &Ambient,
    order: &mut Order,
    amount: Amount,
) -> Result<Option<Event>, StoreError> {
    let before = order.status;
    order.status = order.give_back(amount);
    order.refunded_amount += amount.get();
    order.updated_at = ambient.now();
    store::orders::update(conn, order).await?;
    let became_refunded = before != OrderStatus::Refunded && order.status == OrderStatus::Refunded;
    let refunded = Event::OrderRefunded { order_id: order.id, customer_id: order.customer_id };
    Ok(became_refunded.then_some(refunded))
}
