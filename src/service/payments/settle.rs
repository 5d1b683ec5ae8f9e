//! Settles an attempt by what the gateway said: one function for the first call, the reconciler and whoever else comes; it never calls the gateway.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;
use time::Duration;

use super::{PaymentError, Payments};
use crate::clients::payment_gateway::{Charge, ChargeState, GatewayError};
use crate::domain::access::Reach;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::ledger::Entry;
use crate::domain::money::{Amount, Money};
use crate::domain::order::{Order, OrderStatus, UNPAID_ORDER_LIVES};
use crate::domain::payment::{Payment, PaymentFailure, PaymentStatus};
use crate::service::outcome::Outcome;
use crate::service::transact::transact;
use crate::service::{Cause, idempotency, outbox};
use crate::store::payment_attempts::{LeasedAttempt, Postponement};
use crate::store::{self, StoreError};

/// The first wait before an open attempt is looked at again; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::seconds(1);
const DOUBLINGS: i32 = 8;

/// How a charge ended.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    Captured { charge_id: String, captured: Amount },
    Authorized { charge_id: String },
    Canceled { charge_id: String },
    Failed(PaymentFailure),
}

impl Verdict {
    /// The verdict in an answer, or why it is still open.
    pub(super) fn of(answer: Result<Charge, GatewayError>) -> Result<Self, String> {
        let charge = match answer {
            Ok(charge) => charge,
            Err(GatewayError::Refused { code, message }) if code == "invalid_request" => {
                tracing::error!(code, message, "the gateway refuses our charges");
                return Ok(Self::gateway_error());
            }
            Err(error) => return Err(error.to_string()),
        };
        match charge.state {
            ChargeState::Processing => Err("the gateway is still processing".to_owned()),
            ChargeState::Authorized => Ok(Self::Authorized { charge_id: charge.id }),
            ChargeState::Captured { captured } => {
                Ok(Self::Captured { charge_id: charge.id, captured })
            }
            ChargeState::Declined(failure) => Ok(Self::Failed(failure)),
            ChargeState::Canceled => Ok(Self::Canceled { charge_id: charge.id }),
        }
    }

    /// Nothing was charged, and not for a reason of the customer's.
    pub(super) fn gateway_error() -> Self {
        Self::Failed(PaymentFailure {
            code: "gateway_error".to_owned(),
            message: "The payment could not be processed.".to_owned(),
        })
    }
}

/// Commits the verdict with all that follows from it; `None` where another one holds the lease or was faster.
pub(super) async fn settle(
    payments: &Payments,
    cause: &Cause,
    attempt: &LeasedAttempt,
    verdict: &Verdict,
) -> Result<Option<Outcome>, PaymentError> {
    let ambient = &payments.services.ambient;
    transact(&payments.services.pool, |conn| {
        async move {
            let id = attempt.payment_id;
            let seen = store::payments::find(conn, id, Reach::Everyone).await?;
            let order_id = seen.ok_or(PaymentError::Lost(id))?.order_id;
            let mut order = match order_id {
                Some(order) => store::orders::find_for_update(conn, order, Reach::Everyone).await?,
                None => None,
            };
            let locked = store::payments::find_for_update(conn, id).await?;
            let mut payment = locked.ok_or(PaymentError::Lost(id))?;
            let now = ambient.now();
            let ours = payment.status == PaymentStatus::Processing
                && store::payment_attempts::update_settled(conn, attempt.id, attempt.token, now)
                    .await?;
            if !ours {
                return Ok(None);
            }
            let event = apply(ambient, &mut payment, verdict);
            store::payments::update(conn, &payment).await?;
            let mut events = vec![event];
            if let Verdict::Captured { captured, .. } = verdict {
                let money = Money { amount: *captured, currency: payment.currency };
                let entry = Entry::capture(payment.id, payment.order_id, money);
                store::journal::insert(conn, ambient.id(), &entry, now).await?;
            }
            if let Some(order) = &mut order {
                events.extend(follow(conn, ambient, order, verdict).await?);
            }
            outbox::publish(conn, ambient, cause, &events).await?;
            let outcome = Outcome::PaymentCreated(Box::new(payment));
            idempotency::settle(conn, attempt.id, &outcome).await?;
            Ok(Some(outcome))
        }
        .scope_boxed()
    })
    .await
}

/// What the verdict makes of the payment, and the event that tells of it.
fn apply(ambient: &Ambient, payment: &mut Payment, verdict: &Verdict) -> Event {
    let now = ambient.now();
    payment.updated_at = now;
    let (payment_id, order_id, customer_id) = (payment.id, payment.order_id, payment.customer_id);
    let currency = payment.currency;
    match verdict {
        Verdict::Captured { charge_id, captured } => {
            payment.status = PaymentStatus::Succeeded;
            payment.amount_captured = captured.get();
            payment.gateway_charge_id = Some(charge_id.clone());
            let amount = *captured;
            Event::PaymentSucceeded { payment_id, order_id, customer_id, amount, currency }
        }
        Verdict::Authorized { charge_id } => {
            payment.status = PaymentStatus::RequiresCapture;
            payment.authorized_at = Some(now);
            payment.gateway_charge_id = Some(charge_id.clone());
            let amount = payment.amount;
            Event::PaymentAuthorized { payment_id, order_id, customer_id, amount, currency }
        }
        Verdict::Canceled { charge_id } => {
            payment.status = PaymentStatus::Canceled;
            payment.gateway_charge_id = Some(charge_id.clone());
            Event::PaymentCanceled { payment_id, order_id, customer_id }
        }
        Verdict::Failed(failure) => {
            payment.status = PaymentStatus::Failed;
            payment.failure = Some(failure.clone());
            let code = failure.code.clone();
            Event::PaymentFailed { payment_id, order_id, customer_id, code }
        }
    }
}

/// What the verdict means for the order: money came in, or it gets its time to be paid anew.
async fn follow(
    conn: &mut PgConnection,
    ambient: &Ambient,
    order: &mut Order,
    verdict: &Verdict,
) -> Result<Option<Event>, StoreError> {
    let now = ambient.now();
    let before = order.status;
    match verdict {
        Verdict::Captured { captured, .. } => {
            // An order that takes no money any more keeps its state; its sums still tell the truth.
            order.status = order.receive(*captured).unwrap_or(before);
            order.paid_amount += captured.get();
        }
        Verdict::Canceled { .. } | Verdict::Failed(_) if before == OrderStatus::Pending => {
            order.expires_at = order.expires_at.max(now + UNPAID_ORDER_LIVES);
        }
        Verdict::Authorized { .. } | Verdict::Canceled { .. } | Verdict::Failed(_) => {
            return Ok(None);
        }
    }
    order.updated_at = now;
    store::orders::update(conn, order).await?;
    let became_paid = before != OrderStatus::Paid && order.status == OrderStatus::Paid;
    let paid = Event::OrderPaid { order_id: order.id, customer_id: order.customer_id };
    Ok(became_paid.then_some(paid))
}

/// Leaves an open attempt to the reconciler.
pub(super) async fn postpone(
    payments: &Payments,
    attempt: &LeasedAttempt,
    why: &str,
) -> Result<(), PaymentError> {
    let now = payments.services.ambient.now();
    let doublings = u32::try_from(attempt.tries.clamp(0, DOUBLINGS)).unwrap_or(0);
    let wait = FIRST_WAIT * 2_i32.saturating_pow(doublings);
    let postponement = Postponement { now, next_try_at: now + wait, last_error: why };
    transact(&payments.services.pool, |conn| {
        async move {
            store::payment_attempts::update_postponed(
                conn,
                attempt.id,
                attempt.token,
                postponement,
            )
            .await?;
            Ok(())
        }
        .scope_boxed()
    })
    .await
}
