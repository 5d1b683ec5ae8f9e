//! How the pool fares, in the names of OpenTelemetry's conventions for pools; it hands out nothing.

use std::ops::{Deref, DerefMut};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::time::Instant;

const POOL: &str = "db_client_connection_pool_name";
const STATE: &str = "db_client_connection_state";
const NAME: &str = "postgres";

/// The metrics of one pool.
#[derive(Clone)]
pub(super) struct Measure {
    pending: Gauge,
    waited: Histogram,
    timeouts: Counter,
    used_for: Histogram,
}

impl Measure {
    pub(super) fn new() -> Self {
        Self {
            pending: gauge!("db_client_connection_pending_requests", POOL => NAME),
            waited: histogram!("db_client_connection_wait_time_seconds", POOL => NAME),
            timeouts: counter!("db_client_connection_timeouts_total", POOL => NAME),
            used_for: histogram!("db_client_connection_use_time_seconds", POOL => NAME),
        }
    }

    /// Somebody begins to wait.
    pub(super) fn begin(&self) -> Waiting<'_> {
        self.pending.increment(1.0);
        Waiting { measure: self, since: Instant::now() }
    }

    /// Who waited was told that there is none.
    pub(super) fn timed_out(&self) {
        self.timeouts.increment(1);
    }
}

impl std::fmt::Debug for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Measure").finish_non_exhaustive()
    }
}

/// Somebody who waits for a connection, until it is dropped.
pub(super) struct Waiting<'a> {
    measure: &'a Measure,
    since: Instant,
}

impl Waiting<'_> {
    /// The wait is over, with a connection.
    pub(super) fn lend(self, conn: PoolConnection<Postgres>) -> Lent {
        let now = Instant::now();
        self.measure.waited.record(now - self.since);
        Lent { conn, since: now, used_for: self.measure.used_for.clone() }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.measure.pending.decrement(1.0);
    }
}

/// A connection that goes back to its pool when it is dropped.
pub struct Lent {
    conn: PoolConnection<Postgres>,
    since: Instant,
    used_for: Histogram,
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.used_for.record(self.since.elapsed());
    }
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lent").field("since", &self.since).finish_non_exhaustive()
    }
}

/// Records how many connections there are, and how many there may be.
pub(super) fn show(pool: &PgPool) {
    let (open, idle) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
    // The two are not read at one instant.
    for (state, connections) in [("used", open.saturating_sub(idle)), ("idle", idle.min(open))] {
        let connections = f64::from(connections);
        gauge!("db_client_connections", POOL => NAME, STATE => state).set(connections);
    }
    let bounds = pool.options();
    let most = f64::from(bounds.get_max_connections());
    gauge!("db_client_connection_max", POOL => NAME).set(most);
    let least = f64::from(bounds.get_min_connections());
    gauge!("db_client_connection_idle_min", POOL => NAME).set(least);
}
