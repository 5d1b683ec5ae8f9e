//! The first of the two transactions, and what a client is told: decides nothing about money and calls nobody itself.
//!
//! The claim commits what the use case decided together with the attempt and the key; then a task of its own makes the
//! call, so that neither a deadline nor a client that goes away leaves it half-way.

use scoped_futures::{ScopedBoxFuture, ScopedFutureExt};
use sqlx::PgConnection;
use tracing::Instrument;

use super::call::call;
use super::reconcile::reconcile;
use super::settle::{conclude, postpone};
use super::{PaymentError, Payments, lease};
use crate::clients::payment_gateway::Admission;
use crate::domain::access::Reach;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::{AttemptId, Id};
use crate::domain::money::{Amount, Money};
use crate::domain::payment::{GatewayOperation, Payment};
use crate::domain::refund::Refund;
use crate::resilience::fail_point;
use crate::resilience::load_shed::carry;
use crate::service::Cause;
use crate::service::audit::{Act, Author, Entry, Target, record};
use crate::service::idempotency::{self, Answer, Begin, KeyError, Provenance};
use crate::service::outcome::{Outcome, Refusal};
use crate::service::transact::{read, transact};
use crate::store;
use crate::store::payment_attempts::{LeasedAttempt, NewAttempt};

/// What an operation came to so far.
#[derive(Debug, Clone)]
pub enum Progress {
    /// Its end, now or earlier.
    Settled(Answer),
    /// The gateway's answer isn't known yet; it is settled later, and its key with it.
    Processing(Unsettled),
}

/// What waits for the gateway's answer, as it is now.
#[derive(Debug, Clone)]
pub enum Unsettled {
    Payment(Box<Payment>),
    Refund(Box<Refund>),
}

/// Who asks, and under which key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub author: &'a Author,
    pub cause: &'a Cause,
    pub request: Option<&'a KeyedRequest>,
}

/// What a use case decided on locked rows.
pub(super) enum Decided {
    Refused(Refusal),
    /// This is to be asked of the gateway.
    Ask(Box<Intent>),
}

impl From<Refusal> for Decided {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

pub(super) struct Intent {
    pub payment: Payment,
    pub operation: GatewayOperation,
    pub amount: Amount,
    /// `None`: a key of the attempt's own.
    pub gateway_key: Option<String>,
}

enum Claim {
    Answered(Answer),
    /// The key's attempt waits for its next try.
    Waiting(Unsettled),
    /// The key's attempt was left behind and is now ours.
    TakenOver(Box<LeasedAttempt>),
    Claimed(Box<LeasedAttempt>, Box<Payment>),
}

/// Claims what `decide` wants done, and has it done once, however often it is asked under one key.
pub(super) async fn claim<'a, D>(
    payments: &'a Payments,
    asked: Asked<'a>,
    decide: D,
) -> Result<Progress, PaymentError>
where
    D: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<Decided, PaymentError>>
        + Send
        + Sync
        + 'a,
{
    let admission = payments.gateway.admit().await;
    let decide = &decide;
    let claim = transact(&payments.services.pool, |conn| {
        let admitted = admission.as_ref().map(drop).map_err(|refusal| *refusal);
        async move {
            if let Some(request) = asked.request
                && let Some(known) = known(conn, payments, request).await?
            {
                return match known {
                    Known::Answered(answer) => Ok(Claim::Answered(answer)),
                    Known::LeftBehind(id) if admitted.is_ok() => resume(conn, payments, id).await,
                    Known::LeftBehind(id) => Ok(Claim::Waiting(unsettled(conn, id).await?)),
                };
            }
            admitted?;
            match decide(conn).await? {
                Decided::Refused(refusal) => refuse(conn, payments, asked, refusal).await,
                Decided::Ask(intent) => begin(conn, payments, asked, *intent).await,
            }
        }
        .scope_boxed()
    })
    .await?;
    let attempt = match claim {
        Claim::Answered(answer) => return Ok(Progress::Settled(answer)),
        Claim::Waiting(unsettled) => return Ok(Progress::Processing(unsettled)),
        Claim::TakenOver(attempt) => {
            let (own, admission, id) = (payments.clone(), admission?, attempt.id);
            let task = async move { reconcile(&own, admission, &attempt).await };
            payments.tasks.spawn(carry(task.in_current_span())).await??;
            id
        }
        Claim::Claimed(attempt, payment) => {
            let (own, cause, admission) = (payments.clone(), asked.cause.clone(), admission?);
            fail_point::here("payments.claimed");
            let id = attempt.id;
            let task = async move { pursue(&own, &cause, admission, &attempt, &payment).await };
            let task = carry(task.in_current_span());
            if let Some(outcome) = payments.tasks.spawn(task).await?? {
                return Ok(Progress::Settled(Answer { outcome, provenance: Provenance::Fresh }));
            }
            id
        }
    };
    answer_now(payments, asked, attempt).await
}

/// What is known of a key that was used before.
enum Known {
    Answered(Answer),
    /// Nobody holds its attempt.
    LeftBehind(AttemptId),
}

/// What an earlier request under this key came to, or is coming to.
async fn known(
    conn: &mut PgConnection,
    payments: &Payments,
    request: &KeyedRequest,
) -> Result<Option<Known>, PaymentError> {
    let ambient = &payments.services.ambient;
    let id = match idempotency::begin(conn, ambient, request).await? {
        Begin::Fresh => return Ok(None),
        Begin::Replay(answer) => return Ok(Some(Known::Answered(answer))),
        Begin::Running(id) => id,
    };
    let attempt = store::payment_attempts::find(conn, id).await?;
    let attempt = attempt.ok_or(PaymentError::AttemptLost(id))?;
    if attempt.leased_until > ambient.now() {
        return Err(KeyError::InFlight.into());
    }
    Ok(Some(Known::LeftBehind(id)))
}

/// Takes the attempt over where its next try is due, so that whoever asks again finishes it.
async fn resume(
    conn: &mut PgConnection,
    payments: &Payments,
    id: AttemptId,
) -> Result<Claim, PaymentError> {
    let ambient = &payments.services.ambient;
    let now = ambient.now();
    let lease = lease::from_now(ambient, now);
    Ok(match store::payment_attempts::lease_if_due(conn, id, lease, now).await? {
        Some(ours) => Claim::TakenOver(Box::new(ours)),
        None => Claim::Waiting(unsettled(conn, id).await?),
    })
}

async fn refuse(
    conn: &mut PgConnection,
    payments: &Payments,
    asked: Asked<'_>,
    refusal: Refusal,
) -> Result<Claim, PaymentError> {
    let outcome = Outcome::Refused(refusal);
    if let Some(request) = asked.request {
        idempotency::remember(conn, &payments.services.ambient, request, &outcome).await?;
    }
    Ok(Claim::Answered(Answer { outcome, provenance: Provenance::Fresh }))
}

async fn begin(
    conn: &mut PgConnection,
    payments: &Payments,
    asked: Asked<'_>,
    intent: Intent,
) -> Result<Claim, PaymentError> {
    let ambient = &payments.services.ambient;
    let now = ambient.now();
    let id: AttemptId = ambient.id();
    let new = NewAttempt {
        id,
        payment_id: intent.payment.id,
        operation: intent.operation,
        amount: intent.amount,
        gateway_key: intent.gateway_key.unwrap_or_else(|| id.as_uuid().to_string()),
        lease: lease::from_now(ambient, now),
        keyed: asked.request.is_some(),
        request_id: asked.cause.request_id.clone(),
        created_at: now,
    };
    store::payment_attempts::insert(conn, &new).await?;
    let entries: Vec<Entry> = asked_by(asked.author, &intent.payment, &new).into_iter().collect();
    record(conn, ambient, asked.author, &entries, ()).await?.into_inner();
    if let Some(request) = asked.request {
        idempotency::remember_running(conn, ambient, request, id).await?;
    }
    fail_point::here("payments.claiming");
    Ok(Claim::Claimed(Box::new(LeasedAttempt::of(new)), Box::new(intent.payment)))
}

/// What the log tells of it. What customers pay for themselves is told by the payment: who, when and how much.
fn asked_by(author: &Author, payment: &Payment, asked: &NewAttempt) -> Option<Entry> {
    let money = Money { amount: asked.amount, currency: payment.currency };
    let customer = payment.customer_id;
    let act = match asked.operation {
        GatewayOperation::Charge if author.actor.user() == Some(customer) => return None,
        GatewayOperation::Charge => Act::CreatePayment { customer, money },
        GatewayOperation::Capture => Act::CapturePayment { money },
        GatewayOperation::Cancel => Act::CancelPayment,
        GatewayOperation::Refund(refund) => Act::RefundPayment { refund, money },
    };
    Some(Entry { act, target: Target::Payment(payment.id) })
}

async fn pursue(
    payments: &Payments,
    cause: &Cause,
    admission: Admission,
    attempt: &LeasedAttempt,
    payment: &Payment,
) -> Result<Option<Outcome>, PaymentError> {
    let heard = call(payments, admission, attempt, payment).await?;
    fail_point::here("payments.answered");
    match heard {
        Ok(verdict) => conclude(payments, cause, attempt, &verdict).await,
        Err(open) => {
            postpone(payments, attempt, &open).await?;
            Ok(None)
        }
    }
}

/// The answer that somebody else settled meanwhile, or what there is to see so far.
async fn answer_now(
    payments: &Payments,
    asked: Asked<'_>,
    id: AttemptId,
) -> Result<Progress, PaymentError> {
    read(&payments.services.pool, |conn| {
        async move {
            if let Some(request) = asked.request
                && let Some(answer) = idempotency::find_answer(conn, request).await?
            {
                return Ok(Progress::Settled(answer));
            }
            Ok(Progress::Processing(unsettled(conn, id).await?))
        }
        .scope_boxed()
    })
    .await
}

/// What an attempt is made for, as it is now.
async fn unsettled(conn: &mut PgConnection, id: AttemptId) -> Result<Unsettled, PaymentError> {
    let attempt = store::payment_attempts::find(conn, id).await?;
    let attempt = attempt.ok_or(PaymentError::AttemptLost(id))?;
    if let Some(refund) = attempt.refund_id {
        let found = store::refunds::find(conn, refund).await?;
        let refund = found.ok_or(PaymentError::AttemptLost(id))?;
        return Ok(Unsettled::Refund(Box::new(refund)));
    }
    let found = store::payments::find(conn, attempt.payment_id, Reach::Everyone).await?;
    let payment = found.ok_or(PaymentError::Lost(attempt.payment_id))?;
    Ok(Unsettled::Payment(Box::new(payment)))
}
