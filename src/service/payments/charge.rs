//! Charges a customer: claims in one transaction, then has the gateway called by a task that nobody's leaving stops.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;
use time::Duration;

use super::settle::{Verdict, postpone, settle};
use super::{PaymentError, Payments};
use crate::clients::payment_gateway::{Admission, ChargeOrder};
use crate::domain::access::Reach;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::{AttemptId, Id, LeaseToken, PaymentId};
use crate::domain::order::{Order, OrderPayments, OrderStatus};
use crate::domain::payment::{CreatePayment, CreatePaymentRefusal, Payment, PaymentStatus};
use crate::service::Cause;
use crate::service::idempotency::{self, Answer, Begin, KeyError, Provenance};
use crate::service::outcome::{Outcome, Refusal};
use crate::service::transact::transact;
use crate::store::payment_attempts::{Lease, LeasedAttempt, NewCharge};
use crate::store::{self, StoreError};

/// Longer than any call with its repetitions: who holds a lease for longer is dead.
pub(super) const LEASE: Duration = Duration::seconds(30);

/// What a charge came to.
#[derive(Debug, Clone)]
pub enum Charged {
    /// Its end, now or earlier: [`Outcome::PaymentCreated`] or [`Outcome::Refused`].
    Settled(Answer),
    /// The gateway's answer isn't known yet; the payment is settled later, and its key with it.
    Processing(Box<Payment>),
}

enum Claim {
    Answered(Answer),
    /// The key's attempt waits for the reconciler.
    Waiting(Box<Payment>),
    Claimed(Box<Claimed>),
}

struct Claimed {
    attempt: LeasedAttempt,
    payment: Payment,
}

/// Charges once, however often it is asked under one key.
///
/// # Errors
/// [`PaymentError::GatewayUnavailable`] with nothing charged, or another [`PaymentError`].
pub async fn charge(
    payments: &Payments,
    cause: &Cause,
    request: Option<&KeyedRequest>,
    command: &CreatePayment,
) -> Result<Charged, PaymentError> {
    let admission = payments.gateway.admit().await;
    let claim = transact(&payments.services.pool, |conn| {
        let admitted = admission.as_ref().map(drop).map_err(|refusal| *refusal);
        async move {
            if let Some(request) = request
                && let Some(known) = known(conn, payments, request).await?
            {
                return Ok(known);
            }
            admitted?;
            begin(conn, payments, Begun { cause, request, command }).await
        }
        .scope_boxed()
    })
    .await?;
    match claim {
        Claim::Answered(answer) => Ok(Charged::Settled(answer)),
        Claim::Waiting(payment) => Ok(Charged::Processing(payment)),
        Claim::Claimed(claimed) => {
            let (own, cause) = (payments.clone(), cause.clone());
            let admission = admission?;
            let call = async move { call(&own, &cause, admission, *claimed).await };
            payments.tasks.spawn(call).await?
        }
    }
}

/// What an earlier request under this key came to, or is coming to.
async fn known(
    conn: &mut PgConnection,
    payments: &Payments,
    request: &KeyedRequest,
) -> Result<Option<Claim>, PaymentError> {
    let ambient = &payments.services.ambient;
    match idempotency::begin(conn, ambient, request).await? {
        Begin::Fresh => Ok(None),
        Begin::Replay(answer) => Ok(Some(Claim::Answered(answer))),
        Begin::Running(attempt) => {
            let lease = store::payment_attempts::find_lease(conn, attempt).await?;
            let Some(lease) = lease.filter(|lease| lease.leased_until <= ambient.now()) else {
                return Err(KeyError::InFlight.into());
            };
            let found = store::payments::find(conn, lease.payment_id, Reach::Everyone).await?;
            let payment = found.ok_or(PaymentError::Lost(lease.payment_id))?;
            Ok(Some(Claim::Waiting(Box::new(payment))))
        }
    }
}

#[derive(Clone, Copy)]
struct Begun<'a> {
    cause: &'a Cause,
    request: Option<&'a KeyedRequest>,
    command: &'a CreatePayment,
}

async fn begin(
    conn: &mut PgConnection,
    payments: &Payments,
    begun: Begun<'_>,
) -> Result<Claim, PaymentError> {
    let ambient = &payments.services.ambient;
    let payment = match decide(conn, payments, begun.command).await? {
        Ok(payment) => payment,
        Err(refusal) => {
            let outcome = Outcome::Refused(Refusal::CreatePayment(refusal));
            if let Some(request) = begun.request {
                idempotency::remember(conn, ambient, request, &outcome).await?;
            }
            return Ok(Claim::Answered(Answer { outcome, provenance: Provenance::Fresh }));
        }
    };
    let token: LeaseToken = ambient.id();
    let new = NewCharge {
        id: ambient.id::<AttemptId>(),
        payment_id: payment.id,
        amount: payment.amount.get(),
        gateway_key: payment.id.as_uuid().to_string(),
        lease: Lease { token, until: payment.created_at + LEASE },
        request_id: begun.cause.request_id.clone(),
        created_at: payment.created_at,
    };
    store::payments::insert(conn, &payment).await?;
    store::payment_attempts::insert_charge(conn, &new).await?;
    if let Some(request) = begun.request {
        idempotency::remember_running(conn, ambient, request, new.id).await?;
    }
    let attempt = LeasedAttempt {
        id: new.id,
        payment_id: payment.id,
        gateway_key: new.gateway_key,
        token,
        tries: 0,
        request_id: new.request_id,
    };
    Ok(Claim::Claimed(Box::new(Claimed { attempt, payment })))
}

/// The payment to be made, or why there is none; holds the order's row from here on.
async fn decide(
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
        let none = OrderPayments { captured: 0, in_flight: 0 };
        let sums = sums.get(&id).copied().unwrap_or(none);
        if let Err(refusal) = payable(&order, sums, command) {
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

/// How the gateway is asked for a payment; the same each time, since the key answers for it.
pub(super) fn order_of(payments: &Payments, payment: &Payment, key: &str) -> ChargeOrder {
    ChargeOrder {
        key: key.to_owned(),
        money: payment.money(),
        method: payment.payment_method.clone(),
        capture: payment.capture_method,
        callback_url: payments.callback_url.clone(),
    }
}

async fn call(
    payments: &Payments,
    cause: &Cause,
    admission: Admission,
    claimed: Claimed,
) -> Result<Charged, PaymentError> {
    let Claimed { attempt, payment } = claimed;
    let order = order_of(payments, &payment, &attempt.gateway_key);
    let settled = match Verdict::of(payments.gateway.charge(admission, &order).await) {
        Ok(verdict) => settle(payments, cause, &attempt, &verdict).await?,
        Err(open) => {
            postpone(payments, &attempt, &open).await?;
            None
        }
    };
    match settled {
        Some(outcome) => Ok(Charged::Settled(Answer { outcome, provenance: Provenance::Fresh })),
        None => Ok(Charged::Processing(Box::new(payment))),
    }
}
