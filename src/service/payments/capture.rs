//! Takes money that was set aside: once, in whole or in part; the rest is released.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::claim::{Asked, Decided, Intent, Progress, claim};
use super::locked::{find_for_step, nothing_under_way};
use super::{PaymentError, Payments};
use crate::domain::access::Reach;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::PaymentId;
use crate::domain::money::Amount;
use crate::domain::payment::GatewayOperation;
use crate::service::Cause;
use crate::service::audit::Author;
use crate::service::outcome::Refusal;

/// A command: take money that was set aside.
#[derive(Debug, Clone, Copy)]
pub struct CapturePayment {
    pub id: PaymentId,
    /// Whose payments the caller may touch.
    pub reach: Reach,
    /// `None`: all of it.
    pub amount: Option<Amount>,
}

/// Comes to `Outcome::PaymentCaptured`, or is refused with [`Refusal::Capture`].
///
/// # Errors
/// [`PaymentError::NotFound`], [`PaymentError::StepUnderWay`], [`PaymentError::GatewayUnavailable`] with nothing taken,
/// or another [`PaymentError`].
#[tracing::instrument(name = "service.payments.capture", skip_all)]
pub async fn capture(
    payments: &Payments,
    (author, cause): (&Author, &Cause),
    request: Option<&KeyedRequest>,
    command: CapturePayment,
) -> Result<Progress, PaymentError> {
    claim(payments, Asked { author, cause, request }, move |conn| {
        decide(conn, command).scope_boxed()
    })
    .await
}

async fn decide(conn: &mut PgConnection, command: CapturePayment) -> Result<Decided, PaymentError> {
    let payment = find_for_step(conn, command.id, command.reach).await?;
    let amount = match payment.capture(command.amount) {
        Ok(amount) => amount,
        Err(refusal) => return Ok(Refusal::Capture(refusal).into()),
    };
    nothing_under_way(conn, &payment, GatewayOperation::Capture).await?;
    let operation = GatewayOperation::Capture;
    Ok(Decided::Ask(Box::new(Intent { payment, operation, amount, gateway_key: None })))
}
