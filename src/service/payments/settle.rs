//! The second transaction: settles an attempt by what the gateway said; it never calls the gateway.

use scoped_futures::ScopedFutureExt;
use time::Duration;

use super::call::Verdict;
use super::counted::count;
use super::late::{gives_up, next_look};
use super::locked::lock;
use super::settle_charge::settle_charge;
use super::settle_refund::settle_refund;
use super::{PaymentError, Payments};
use crate::domain::payment::GatewayOperation;
use crate::resilience::fail_point;
use crate::service::outcome::Outcome;
use crate::service::transact::transact;
use crate::service::{Cause, idempotency, outbox};
use crate::store;
use crate::store::payment_attempts::{LeasedAttempt, Postponement};

/// The first wait before an open attempt is looked at again; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::seconds(1);
const DOUBLINGS: i32 = 8;

/// Commits the verdict with all that follows from it; `None` where another one holds the lease or was faster.
pub(super) async fn conclude(
    payments: &Payments,
    cause: &Cause,
    attempt: &LeasedAttempt,
    verdict: &Verdict,
) -> Result<Option<Outcome>, PaymentError> {
    let ambient = &payments.services.ambient;
    let settled: Result<_, PaymentError> = transact(&payments.services.pool, |conn| {
        async move {
            let mut locked = lock(conn, attempt.payment_id).await?;
            let (id, token, now) = (attempt.id, attempt.token, ambient.now());
            if !store::payment_attempts::update_settled(conn, id, token, now).await? {
                return Ok(None);
            }
            if gives_up(attempt, verdict) {
                store::payment_attempts::update_look_again(conn, id, next_look(now, now)).await?;
            }
            let (outcome, events) = match attempt.operation {
                GatewayOperation::Refund(refund) => {
                    settle_refund(conn, ambient, &mut locked, refund, verdict).await?
                }
                operation @ (GatewayOperation::Charge
                | GatewayOperation::Capture
                | GatewayOperation::Cancel) => {
                    settle_charge(conn, ambient, &mut locked, operation, verdict).await?
                }
            };
            outbox::publish(conn, ambient, cause, &events).await?;
            idempotency::settle(conn, attempt.id, &outcome).await?;
            fail_point::here("payments.settling");
            Ok(Some((outcome, events)))
        }
        .scope_boxed()
    })
    .await;
    fail_point::here("payments.settled");
    let Some((outcome, events)) = settled? else { return Ok(None) };
    count(&events);
    Ok(Some(outcome))
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
