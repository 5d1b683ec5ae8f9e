//! What keeps one endpoint's trouble from others: a circuit breaker and a bulkhead for each, in this process; it sends nothing.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::deliver::PLACES_OF_EACH;
use crate::domain::clock::Clock;
use crate::domain::ids::WebhookEndpointId;
use crate::resilience::bulkhead::{Bulkhead, BulkheadFull, Place};
use crate::resilience::circuit_breaker::{
    BreakerSettings, CallPermit, CircuitBreaker, CircuitOpen,
};

/// How many endpoints are watched at a time, and how long one that is sent nothing.
const MOST_WATCHED: u64 = 10_000;
const WATCHED_FOR: Duration = Duration::from_secs(3_600);

/// Five bad answers in a row are enough; then one probe a minute.
const SETTINGS: BreakerSettings = BreakerSettings {
    window: time::Duration::minutes(5),
    most_calls: 20,
    fewest_calls: 5,
    bad_percent: 50,
    slow_after: time::Duration::MINUTE,
    pause: time::Duration::MINUTE,
    probes: 1,
};

/// Why a delivery is not tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotNow {
    Open(CircuitOpen),
    Full(BulkheadFull),
}

/// Leave to send one message.
#[derive(Debug)]
pub(super) struct Admission {
    pub permit: CallPermit,
    _place: Place,
}

#[derive(Debug, Clone)]
struct Guard {
    breaker: CircuitBreaker,
    bulkhead: Bulkhead,
}

/// The guards of all endpoints.
#[derive(Clone)]
pub(super) struct Guards {
    clock: Arc<dyn Clock>,
    by_endpoint: Cache<WebhookEndpointId, Guard>,
}

impl Guards {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let by_endpoint =
            Cache::builder().max_capacity(MOST_WATCHED).time_to_idle(WATCHED_FOR).build();
        Self { clock, by_endpoint }
    }

    pub(super) async fn admit(&self, endpoint: WebhookEndpointId) -> Result<Admission, NotNow> {
        let unwatched = async {
            let breaker = CircuitBreaker::new(Arc::clone(&self.clock), SETTINGS);
            Guard { breaker, bulkhead: Bulkhead::new(PLACES_OF_EACH, Duration::ZERO) }
        };
        let guard = self.by_endpoint.get_with(endpoint, unwatched).await;
        let place = guard.bulkhead.enter().await.map_err(NotNow::Full)?;
        let permit = guard.breaker.admit().map_err(NotNow::Open)?;
        Ok(Admission { permit, _place: place })
    }
}
