//! Gives captured money back, in parts or whole; several refunds of one payment may be under way side by side.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::claim::{Asked, Decided, Intent, Progress, claim};
use super::locked::find_for_step;
use super::{PaymentError, Payments, lease};
use crate::domain::access::Reach;
use crate::domain::ambient::Ambient;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::{OrderId, PaymentId};
use crate::domain::money::Amount;
use crate::domain::payment::{GatewayOperation, Payment};
use crate::domain::refund::{Refund, RefundReason, RefundStatus};
use crate::service::Cause;
use crate::service::audit::Author;
use crate::service::outcome::Refusal;
use crate::store::payment_attempts::NewAttempt;
use crate::store::{self, StoreError};

/// A command: give captured money back.
#[derive(Debug, Clone)]
pub struct RefundPayment {
    pub id: PaymentId,
    /// Whose payments the caller may touch.
    pub reach: Reach,
    /// `None`: all that is left.
    pub amount: Option<Amount>,
    pub reason: Option<RefundReason>,
}

/// Comes to `Outcome::RefundCreated`, or is refused with [`Refusal::Refund`].
///
/// # Errors
/// [`PaymentError::NotFound`], [`PaymentError::GatewayUnavailable`] with nothing given back, or another
/// [`PaymentError`].
#[tracing::instrument(name = "service.payments.refund", skip_all)]
pub async fn refund(
    payments: &Payments,
    (author, cause): (&Author, &Cause),
    request: Option<&KeyedRequest>,
    command: &RefundPayment,
) -> Result<Progress, PaymentError> {
    claim(payments, Asked { author, cause, request }, move |conn| {
        decide(conn, payments, command).scope_boxed()
    })
    .await
}

async fn decide(
    conn: &mut PgConnection,
    payments: &Payments,
    command: &RefundPayment,
) -> Result<Decided, PaymentError> {
    let payment = find_for_step(conn, command.id, command.reach).await?;
    let in_flight = store::refunds::sum_in_flight(conn, payment.id).await?;
    let amount = match payment.refund(command.amount, in_flight) {
        Ok(amount) => amount,
        Err(refusal) => return Ok(Refusal::Refund(refusal).into()),
    };
    let refund = new_refund(&payments.services.ambient, &payment, amount, command.reason.clone());
    store::refunds::insert(conn, &refund).await?;
    Ok(Decided::Ask(Box::new(Intent {
        payment,
        operation: GatewayOperation::Refund(refund.id),
        amount,
        gateway_key: Some(refund.id.to_string()),
    })))
}

fn new_refund(
    ambient: &Ambient,
    payment: &Payment,
    amount: Amount,
    reason: Option<RefundReason>,
) -> Refund {
    let now = ambient.now();
    Refund {
        id: ambient.id(),
        payment_id: payment.id,
        status: RefundStatus::Processing,
        amount,
        currency: payment.currency,
        reason,
        created_at: now,
        updated_at: now,
    }
}

/// Gives back all that is left of a captured payment, by ourselves: the reconciler makes the call. The payment's row
/// must be locked.
pub(super) async fn give_back(
    conn: &mut PgConnection,
    ambient: &Ambient,
    payment: &Payment,
    why: GivenBack<'_>,
) -> Result<(), StoreError> {
    let in_flight = store::refunds::sum_in_flight(conn, payment.id).await?;
    let Ok(amount) = payment.refund(None, in_flight) else { return Ok(()) };
    let reason = RefundReason::parse(why.reason).ok();
    let refund = new_refund(ambient, payment, amount, reason);
    store::refunds::insert(conn, &refund).await?;
    let now = ambient.now();
    let attempt = NewAttempt {
        id: ambient.id(),
        payment_id: payment.id,
        operation: GatewayOperation::Refund(refund.id),
        amount,
        gateway_key: refund.id.to_string(),
        lease: lease::nobodys(ambient, now),
        keyed: false,
        request_id: why.cause.request_id.clone(),
        created_at: now,
    };
    store::payment_attempts::insert(conn, &attempt).await
}

/// Why money goes back that nobody asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenBack<'a> {
    pub cause: &'a Cause,
    pub reason: &'static str,
}

/// Gives back whatever was captured for an order that ends unpaid. The order's row must be locked.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub(in crate::service) async fn give_back_all_of(
    conn: &mut PgConnection,
    ambient: &Ambient,
    cause: &Cause,
    order: OrderId,
) -> Result<(), StoreError> {
    let why = GivenBack { cause, reason: "The order expired before it was paid in full." };
    for payment in store::payments::list_captured_for_update(conn, order).await? {
        give_back(conn, ambient, &payment, why).await?;
    }
    Ok(())
}
