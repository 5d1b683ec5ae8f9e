//! Redis as a neighbour that may be slow or gone: one shared connection, one short bound on everything, a circuit in
//! front; it knows no limit and no cache, and whoever calls it goes on without it.
//!
//! All calls of a process go pipelined through one connection, which a pool (`deadpool-redis`) makes and makes anew:
//! taking another connection for each call would cost a round trip more. The circuit opens after a few failures, so that
//! an absent Redis costs a request nothing but the look at it.

pub mod cache;
pub mod limits;

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::{MultiplexedConnection, PubSub};
use deadpool_redis::redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult};
use deadpool_redis::{Connection, Manager, Pool, PoolError, Runtime};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::field::Empty;
use tracing::{Instrument, debug_span};

use crate::domain::clock::SystemClock;
use crate::resilience::circuit_breaker::{
    BreakerSettings, CallPermit, CircuitBreaker, CircuitOpen, Health,
};
use crate::resilience::load_shed::step_outside;

/// Longest time until a line for messages is there; nobody waits for it.
const LINE_BOUND: Duration = Duration::from_secs(1);

/// Connections of the pool: the shared one, and one that takes its place while it is being given up.
const CONNECTIONS: usize = 2;

/// Redis did not do what it was asked; nothing is known of whether it still will.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisAway {
    /// It failed a moment ago, and was not asked.
    #[error(transparent)]
    Open(#[from] CircuitOpen),
    #[error("no answer in time")]
    Silent(#[from] tokio::time::error::Elapsed),
    #[error("no connection: {0}")]
    Connect(#[from] PoolError),
    #[error(transparent)]
    Failed(#[from] RedisError),
    /// Somebody else's answer.
    #[error("the answer is not what was asked for")]
    Unreadable,
}

impl RedisAway {
    /// In a word, for traces; bounded.
    fn kind(&self) -> &'static str {
        match self {
            Self::Open(_) => "circuit_open",
            Self::Silent(_) => "timeout",
            Self::Connect(_) => "connect",
            Self::Failed(_) => "failed",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Shared by everything in the process that asks Redis.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    /// For lines of their own.
    client: Client,
    pool: Pool,
    /// The connection that all calls share; none before the first call and after a failure.
    shared: Mutex<Option<Connection>>,
    breaker: CircuitBreaker,
    prefix: String,
    /// Of one call, with connecting if need be.
    bound: Duration,
}

impl Redis {
    /// `prefix` is in front of every key, and `bound` the longest time of one call, with connecting if need be. Nothing is
    /// called yet.
    ///
    /// # Errors
    /// The address can't be read.
    pub fn new(url: &SecretString, prefix: &str, bound: Duration) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(bound))
            .set_response_timeout(Some(bound));
        let manager = Manager::new_with_config(url.expose_secret(), config)?;
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(bound))
            .create_timeout(Some(bound))
            .recycle_timeout(Some(bound))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_no_runtime| {
                RedisError::from((ErrorKind::Client, "no runtime for the pool"))
            })?;
        let settings = BreakerSettings {
            window: time::Duration::seconds(5),
            most_calls: 20,
            fewest_calls: 3,
            bad_percent: 50,
            // A call that took so long that it nearly failed.
            slow_after: time::Duration::try_from(bound * 4 / 5).unwrap_or(time::Duration::MAX),
            pause: time::Duration::milliseconds(500),
            probes: 1,
        };
        // The world's time, whatever the service's is: this is about a neighbour's health.
        let breaker = CircuitBreaker::new("redis", Arc::new(SystemClock), settings);
        let (client, shared) = (Client::open(url.expose_secret())?, Mutex::new(None));
        let inner = Inner { client, pool, shared, breaker, prefix: prefix.to_owned(), bound };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What stands in front of every key.
    pub fn prefix(&self) -> &str {
        &self.inner.prefix
    }

    /// Asks something of Redis, within the bound. `summary` names it in traces: what is run, and for whom.
    ///
    /// # Errors
    /// [`RedisAway`]; after a timeout Redis may have done it all the same.
    pub async fn call<T, F>(
        &self,
        summary: &'static str,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, RedisAway>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let permit = self.admit()?;
        self.call_admitted(permit, summary, ask).await
    }

    /// Leave for one call; there is none while Redis is away, which is then known without any waiting.
    ///
    /// # Errors
    /// [`RedisAway::Open`].
    pub fn admit(&self) -> Result<CallPermit, RedisAway> {
        Ok(self.inner.breaker.admit()?)
    }

    /// [`call`](Self::call), by whoever has leave.
    ///
    /// # Errors
    /// [`RedisAway`].
    pub async fn call_admitted<T, F>(
        &self,
        permit: CallPermit,
        summary: &'static str,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, RedisAway>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let span = debug_span!(
            "redis.call",
            otel.kind = "client",
            otel.status_code = Empty,
            db.operation.name = "EVALSHA",
            db.query.summary = summary,
            error.type = Empty,
        );
        let answer = self.bounded(permit, ask).instrument(span.clone()).await;
        if let Err(error) = &answer {
            span.record("otel.status_code", "ERROR").record("error.type", error.kind());
        }
        answer
    }

    async fn bounded<T, F>(
        &self,
        permit: CallPermit,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, RedisAway>
    where
        F: Future<Output = RedisResult<T>>,
    {
        // Waiting for Redis is no work of ours.
        let _outside = step_outside();
        let answer = timeout(self.inner.bound, async { Ok(ask(self.shared().await?).await?) });
        let began = Instant::now();
        let result = answer.await.unwrap_or_else(|elapsed| Err(RedisAway::from(elapsed)));
        measure(began, result.as_ref().err());
        match &result {
            Ok(_) => permit.end(Health::Good),
            Err(error) => {
                metrics::counter!("redis_failures_total").increment(1);
                self.give_up_shared();
                permit.fail(error);
            }
        }
        result
    }

    /// A connection of its own, on which messages are heard.
    ///
    /// # Errors
    /// [`RedisAway`].
    pub async fn line(&self) -> Result<PubSub, RedisAway> {
        Ok(timeout(LINE_BOUND, self.inner.client.get_async_pubsub()).await??)
    }

    async fn shared(&self) -> Result<MultiplexedConnection, RedisAway> {
        let mut shared = self.inner.shared.lock().await;
        if let Some(connection) = &*shared {
            return Ok((**connection).clone());
        }
        // Boxed, since it is large and seldom needed.
        let connection = Box::pin(self.inner.pool.get()).await?;
        let clone = (*connection).clone();
        *shared = Some(connection);
        Ok(clone)
    }

    /// Back to the pool, which finds out whether it is any good before it hands it out again.
    fn give_up_shared(&self) {
        if let Ok(mut shared) = self.inner.shared.try_lock() {
            *shared = None;
        }
    }
}

/// In the names of OpenTelemetry's conventions for database clients.
fn measure(began: Instant, error: Option<&RedisAway>) {
    const NAME: &str = "db_client_operation_duration_seconds";
    const SYSTEM: &str = "db_system_name";
    let kind = match error {
        None => {
            metrics::histogram!(NAME, SYSTEM => "redis").record(began.elapsed());
            return;
        }
        Some(RedisAway::Silent(_)) => "timeout",
        Some(RedisAway::Connect(_)) => "connect",
        Some(RedisAway::Open(_) | RedisAway::Failed(_) | RedisAway::Unreadable) => "failed",
    };
    metrics::histogram!(NAME, SYSTEM => "redis", "error_type" => kind).record(began.elapsed());
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.inner.prefix).finish_non_exhaustive()
    }
}
