//! The gateway behind a circuit breaker and a bulkhead, with repetitions inside one deadline; it doesn't know which provider it is.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::time::timeout;

use super::{Charge, ChargeOrder, GatewayError, PaymentGateway, Step};
use crate::domain::clock::Clock;
use crate::domain::money::Amount;
use crate::resilience::bulkhead::{Bulkhead, BulkheadFull, Place};
use crate::resilience::circuit_breaker::{
    BreakerSettings, CallPermit, CircuitBreaker, CircuitOpen, Health,
};
use crate::resilience::load_shed::step_outside;

/// Calls under way at a time, and how long one more may wait for its place.
const PLACES: usize = 64;
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Tries within one deadline, and the span from which the waits between them are drawn.
const REPETITIONS: usize = 2;
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// Why a call was not made at all: nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    #[error(transparent)]
    Open(#[from] CircuitOpen),
    #[error(transparent)]
    Full(#[from] BulkheadFull),
}

/// Leave to make one call; asked for before anything is written down.
#[derive(Debug)]
pub struct Admission {
    /// `None` where the call's end says nothing of the gateway's health.
    permit: Option<CallPermit>,
    _place: Place,
}

impl Admission {
    /// For a call that failed before and may fail for a reason of its own: its end opens and closes no circuit.
    #[must_use]
    pub fn unjudged(self) -> Self {
        Self { permit: None, ..self }
    }
}

/// A payment provider that is called with care.
#[derive(Debug, Clone)]
pub struct GuardedGateway {
    gateway: Arc<dyn PaymentGateway>,
    breaker: CircuitBreaker,
    bulkhead: Bulkhead,
    /// All tries of one call together.
    deadline: Duration,
}

impl GuardedGateway {
    /// `deadline` bounds one call with its repetitions.
    pub fn new(
        gateway: Arc<dyn PaymentGateway>,
        clock: Arc<dyn Clock>,
        deadline: Duration,
    ) -> Self {
        let breaker = CircuitBreaker::new("payment_gateway", clock, BreakerSettings::default());
        Self { gateway, breaker, bulkhead: Bulkhead::new(PLACES, LONGEST_WAIT), deadline }
    }

    /// # Errors
    /// [`NotAdmitted`] while the circuit is open or too many calls are under way.
    pub async fn admit(&self) -> Result<Admission, NotAdmitted> {
        // The place first: a probe of the half-open circuit must not be spent on waiting.
        let outside = step_outside();
        let place = self.bulkhead.enter().await;
        drop(outside);
        let place = place?;
        Ok(Admission { permit: Some(self.breaker.admit()?), _place: place })
    }

    /// # Errors
    /// [`GatewayError`] of the last try.
    pub async fn charge(
        &self,
        admission: Admission,
        order: &ChargeOrder,
    ) -> Result<Charge, GatewayError> {
        self.call(admission, || self.gateway.charge(order)).await
    }

    /// # Errors
    /// [`GatewayError`] of the last try.
    pub async fn find_charge(
        &self,
        admission: Admission,
        key: &str,
    ) -> Result<Option<Charge>, GatewayError> {
        self.call(admission, || self.gateway.find_charge(key)).await
    }

    /// # Errors
    /// [`GatewayError`] of the last try.
    pub async fn capture(
        &self,
        admission: Admission,
        step: Step<'_>,
        amount: Amount,
    ) -> Result<Charge, GatewayError> {
        self.call(admission, || self.gateway.capture(step, amount)).await
    }

    /// # Errors
    /// [`GatewayError`] of the last try.
    pub async fn cancel(
        &self,
        admission: Admission,
        step: Step<'_>,
    ) -> Result<Charge, GatewayError> {
        self.call(admission, || self.gateway.cancel(step)).await
    }

    /// # Errors
    /// [`GatewayError`] of the last try.
    pub async fn refund(
        &self,
        admission: Admission,
        step: Step<'_>,
        amount: Amount,
    ) -> Result<(), GatewayError> {
        self.call(admission, || self.gateway.refund(step, amount)).await
    }

    async fn call<T, F>(
        &self,
        admission: Admission,
        once: impl Fn() -> F,
    ) -> Result<T, GatewayError>
    where
        F: Future<Output = Result<T, GatewayError>>,
    {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(REPETITIONS)
            .with_jitter();
        let tries = once.retry(waits).when(GatewayError::is_transient);
        let outside = step_outside();
        let result = timeout(self.deadline, tries).await.unwrap_or(Err(GatewayError::Timeout));
        drop(outside);
        match (admission.permit, &result) {
            (Some(permit), Err(error)) if error.is_unknown() => permit.fail(error),
            (Some(permit), Ok(_) | Err(_)) => permit.end(Health::Good),
            (None, _) => {}
        }
        result
    }
}
