//! The pool of connections to Postgres as use cases take from it: while the database is away nobody waits for it; it runs
//! no statement of theirs.
//!
//! Whoever finds the database failing has it looked at, once for all: over a connection of its own, again and again until
//! it answers. Meanwhile every other caller is refused at once, instead of waiting for a connection that can't be had. For
//! a while after that each connection is tried before it is handed out, since those of before may be dead and not know it.

mod measure;

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgPool, Postgres};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::store::{self, StoreError};
use measure::Measure;

pub use measure::Lent;

/// Longest time of one look.
const LOOK: Duration = Duration::from_secs(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// Who waits for a connection for longer wants to know why.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long connections are tried after the database was away; longer than the pool keeps idle ones by default.
const WARY: Duration = Duration::from_secs(60);

/// Cloned for each user; everything inside is shared.
#[derive(Debug, Clone)]
pub struct Pool {
    inner: PgPool,
    watch: Arc<Mutex<Watch>>,
    /// What the looks have found; whoever waits for a connection hears of it.
    away: watch::Sender<bool>,
    measure: Measure,
}

#[derive(Debug, Default)]
struct Watch {
    /// Whether somebody looks.
    looking: bool,
    looked_at: Option<Instant>,
    wary_until: Option<Instant>,
}

impl Pool {
    /// A connection, tried where there is reason to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] at once while the database is away, else after the pool's own time.
    #[tracing::instrument(name = "db.pool.take", level = "debug", skip_all)]
    pub async fn take(&self) -> Result<Lent, StoreError> {
        let patience = self.inner.options().get_acquire_timeout();
        let waiting = self.measure.begin();
        // Boxed, since it is many times as large as all else that a use case waits for, which is moved about.
        let taken = timeout(patience, Box::pin(self.take_tried())).await;
        let taken = taken.unwrap_or_else(|_elapsed| {
            self.look();
            Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut))
        });
        if let Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)) = &taken {
            self.measure.timed_out();
        }
        taken.map(|conn| waiting.lend(conn))
    }

    /// Records how many connections there are, for `/metrics`.
    pub fn show(&self) {
        measure::show(&self.inner);
    }

    async fn take_tried(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let mut away = self.away.subscribe();
        loop {
            let acquired = tokio::select! {
                biased;
                _ = away.wait_for(|away| *away) => {
                    let error = io::Error::new(io::ErrorKind::NotConnected, "it is away");
                    return Err(StoreError::Unavailable(sqlx::Error::Io(error)));
                }
                acquired = self.inner.acquire() => acquired,
                never = self.wonder() => never,
            };
            let mut conn = acquired.map_err(|error| {
                self.look();
                // Whatever it says, there is none to be had.
                StoreError::Unavailable(error)
            })?;
            let wary = self.watch().wary_until.is_some_and(|until| Instant::now() < until);
            if !wary || matches!(timeout(LOOK, conn.ping()).await, Ok(Ok(()))) {
                return Ok(conn);
            }
            drop(conn.detach());
            self.look();
        }
    }

    /// Has the database looked at while somebody waits for a connection: the pool tries to connect for as long as one may
    /// wait, and says nothing meanwhile.
    async fn wonder(&self) -> ! {
        loop {
            sleep(PATIENCE).await;
            self.look();
        }
    }

    /// Has the database looked at if this speaks of its being away; statements find out before connections do.
    pub(super) fn heed(&self, error: Option<&StoreError>) {
        if let Some(StoreError::Unavailable(_)) = error {
            self.look();
        }
    }

    fn look(&self) {
        {
            let mut watch = self.watch();
            let now = Instant::now();
            let again = watch.looked_at.is_some_and(|at| now - at < BETWEEN_LOOKS);
            if watch.looking || again {
                return;
            }
            (watch.looking, watch.looked_at) = (true, Some(now));
        }
        let pool = self.clone();
        drop(tokio::spawn(async move { pool.look_until_there().await }));
    }

    async fn look_until_there(&self) {
        let options = self.inner.connect_options();
        while !self.inner.is_closed() {
            let answer = timeout(LOOK, store::health::answers(&options)).await;
            let is_there = match answer {
                Ok(Ok(())) => true,
                // A server that says no is there, unless it says that it goes or comes.
                Ok(Err(error)) => !is_away(&error),
                // Silence may be mere strain: it proves nothing new.
                Err(_elapsed) => !*self.away.borrow(),
            };
            if is_there {
                break;
            }
            if !self.away.send_replace(true) {
                metrics::gauge!("database_away").set(1.0);
                tracing::warn!("the database is away: whoever needs it is refused at once");
            }
            sleep(BETWEEN_LOOKS).await;
        }
        let mut watch = self.watch();
        watch.looking = false;
        if self.away.send_replace(false) {
            watch.wary_until = Some(Instant::now() + WARY);
            metrics::gauge!("database_away").set(0.0);
            tracing::info!("the database is there again");
        }
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not reached, or shutting down or starting (SQLSTATE 57P01 to 57P03).
fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P0")),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

impl From<PgPool> for Pool {
    fn from(inner: PgPool) -> Self {
        metrics::gauge!("database_away").set(0.0);
        let (away, measure) = (watch::Sender::new(false), Measure::new());
        Self { inner, watch: Arc::default(), away, measure }
    }
}

/// Past the watch, for whoever looks after the pool itself.
impl Deref for Pool {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.inner
    }
}
