//! Charges a customer, for an order or by itself.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::claim::{Asked, Decided, Intent, Progress, claim};
use super::{PaymentError, Payments};
use crate::domain::access::Reach;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::PaymentId;
use crate::domain::order::{Order, OrderPayments, OrderStatus};
use crate::domain::payment::{
    CreatePayment, CreatePaymentRefusal, GatewayOperation, Payment, PaymentStatus,
};
use crate::service::Cause;
use crate::service::audit::Author;
use crate::service::outcome::Refusal;
use crate::store::{self, StoreError};

/// Charges once, however often it is asked under one key: comes to `Outcome::PaymentCreated`, or is refused with
/// [`Refusal::CreatePayment`].
///
/// # Errors
/// [`PaymentError::GatewayUnavailable`] with nothing charged, or another [`PaymentError`].
#[tracing::instrument(name = "service.payments.charge", skip_all)]
pub async fn charge(
    payments: &Payments,
    (author, cause): (&Author, &Cause),
    request: Option<&KeyedRequest>,
    command: &CreatePayment,
) -> Result<Progress, PaymentError> {
    claim(payments, Asked { author, cause, request }, move |conn| {
        decide(conn, payments, command).scope_boxed()
    })
    .await
}

async fn decide(
    conn: &mut PgConnection,
    payments: &Payments,
    command: &CreatePayment,
) -> Result<Decided, PaymentError> {
    let payment = match open(conn, payments, command).await? {
        Ok(payment) => payment,
        Err(refusal) => return Ok(Refusal::CreatePayment(refusal).into()),
    };
    store::payments::insert(conn, &payment).await?;
    let intent = Intent {
        operation: GatewayOperation::Charge,
        amount: payment.amount,
        gateway_key: Some(payment.id.to_string()),
        payment,
    };
    Ok(Decided::Ask(Box::new(intent)))
}

/// The payment to be made, or why there is none; holds the order's row from here on.
async fn open(
    conn: &mut PgConnection,
    payments: &Payments,
    command: &CreatePayment,
) -> Result<Result<Payment, CreatePaymentRefusal>, StoreError> {
    if let Some(id) = command.order_id {
        let reach = Reach::Own(command.customer_id);
        let Some(order) = store::orders::find_for_update(conn, id, reach).await? else {
            return Ok(Err(CreatePaymentRefusal::UnknownOrder));
        };
        let sums = store::orders::list_payment_sums(conn, &[id]).await?;
        if let Err(refusal) = payable(&order, sums.get(&id).copied().unwrap_or_default(), command) {
            return Ok(Err(refusal));
        }
    }
    let Some(payer) = store::payments::find_payer(conn, command.customer_id).await? else {
        return Ok(Err(CreatePaymentRefusal::UnknownCustomer));
    };
    let Some(payment_method) = command.payment_method.clone().or(payer.default_method) else {
        return Ok(Err(CreatePaymentRefusal::NoPaymentMethod));
    };
    let now = payments.services.ambient.now();
    Ok(Ok(Payment {
        id: payments.services.ambient.id::<PaymentId>(),
        order_id: command.order_id,
        customer_id: command.customer_id,
        status: PaymentStatus::Processing,
        amount: command.money.amount,
        amount_captured: 0,
        amount_refunded: 0,
        currency: command.money.currency,
        payment_method,
        capture_method: command.capture_method,
        failure: None,
        metadata: command.metadata.clone(),
        gateway_charge_id: None,
        applied: true,
        authorized_at: None,
        created_at: now,
        updated_at: now,
    }))
}

fn payable(
    order: &Order,
    sums: OrderPayments,
    command: &CreatePayment,
) -> Result<(), CreatePaymentRefusal> {
    if order.status != OrderStatus::Pending {
        return Err(CreatePaymentRefusal::OrderNotPayable { status: order.status });
    }
    if order.currency != command.money.currency {
        return Err(CreatePaymentRefusal::CurrencyMismatch { order: order.currency });
    }
    let outstanding = order.outstanding(sums);
    if command.money.amount.get() > outstanding {
        return Err(CreatePaymentRefusal::AmountExceedsOutstanding { outstanding });
    }
    Ok(())
}
