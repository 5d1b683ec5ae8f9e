//! Releases money that was set aside.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::claim::{Asked, Decided, Intent, Progress, claim};
use super::locked::{find_for_step, nothing_under_way};
use super::{PaymentError, Payments};
use crate::domain::access::Reach;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::PaymentId;
use crate::domain::payment::GatewayOperation;
use crate::service::Cause;
use crate::service::audit::Author;
use crate::service::outcome::Refusal;

/// A command: release money that was set aside.
#[derive(Debug, Clone, Copy)]
pub struct CancelPayment {
    pub id: PaymentId,
    /// Whose payments the caller may touch.
    pub reach: Reach,
}

/// Comes to `Outcome::PaymentCanceled`, or is refused with [`Refusal::PaymentNotCancellable`].
///
/// # Errors
/// [`PaymentError::NotFound`], [`PaymentError::StepUnderWay`], [`PaymentError::GatewayUnavailable`] with nothing
/// released, or another [`PaymentError`].
#[tracing::instrument(name = "service.payments.cancel", skip_all)]
pub async fn cancel(
    payments: &Payments,
    (author, cause): (&Author, &Cause),
    request: Option<&KeyedRequest>,
    command: CancelPayment,
) -> Result<Progress, PaymentError> {
    claim(payments, Asked { author, cause, request }, move |conn| {
        decide(conn, command).scope_boxed()
    })
    .await
}

async fn decide(conn: &mut PgConnection, command: CancelPayment) -> Result<Decided, PaymentError> {
    let payment = find_for_step(conn, command.id, command.reach).await?;
    if let Err(status) = payment.cancel() {
        return Ok(Refusal::PaymentNotCancellable { status }.into());
    }
    let operation = GatewayOperation::Cancel;
    nothing_under_way(conn, &payment, operation).await?;
    let amount = payment.amount;
    Ok(Decided::Ask(Box::new(Intent { payment, operation, amount, gateway_key: None })))
}
