//! The pool of connections to Postgres as use cases take from it: while the database is away nobody waits for it; it runs
//! no statement of theirs.
//!
//! Whoever finds the database failing has it looked at, once for all: over a connection of its own, again and again until
//! it answers. Meanwhile every other caller is refused at once, instead of waiting for a connection that can't be had. For
//! a while after that each connection is tried before it is handed out, since those of before may be dead and not know it.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgPool, Postgres};
use tokio::time::{Instant, sleep, timeout};

use crate::store::{self, StoreError};

/// Longest time of one look.
const LOOK: Duration = Duration::from_secs(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How long connections are tried after the database was away; longer than the pool keeps idle ones by default.
const WARY: Duration = Duration::from_secs(60);

/// Cloned for each user; everything inside is shared.
#[derive(Debug, Clone)]
pub struct Pool {
    inner: PgPool,
    watch: Arc<Mutex<Watch>>,
}

#[derive(Debug, Default)]
struct Watch {
    /// Whether a look is under way, and whether it has found the database away.
    looking: bool,
    away: bool,
    wary_until: Option<Instant>,
}

impl Pool {
    /// A connection, tried where there is reason to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] at once while the database is away, else after the pool's own time.
    pub async fn take(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        loop {
            if self.watch().away {
                let error = std::io::Error::new(std::io::ErrorKind::NotConnected, "it is away");
                return Err(StoreError::Unavailable(sqlx::Error::Io(error)));
            }
            let mut conn = match self.inner.acquire().await {
                Ok(conn) => conn,
                Err(error) => {
                    self.look();
                    return Err(error.into());
                }
            };
            let wary = self.watch().wary_until.is_some_and(|until| Instant::now() < until);
            if !wary || matches!(timeout(LOOK, conn.ping()).await, Ok(Ok(()))) {
                return Ok(conn);
            }
            drop(conn.detach());
        }
    }

    /// Has the database looked at if this speaks of its being away; statements find out before connections do.
    pub(super) fn heed(&self, error: Option<&StoreError>) {
        if let Some(StoreError::Unavailable(_)) = error {
            self.look();
        }
    }

    fn look(&self) {
        if std::mem::replace(&mut self.watch().looking, true) {
            return;
        }
        let pool = self.clone();
        drop(tokio::spawn(async move { pool.look_until_there().await }));
    }

    async fn look_until_there(&self) {
        let options = self.inner.connect_options();
        while !self.inner.is_closed() {
            let answer = timeout(LOOK, store::health::answers(&options)).await;
            if let Ok(Ok(())) = answer {
                break;
            }
            if !std::mem::replace(&mut self.watch().away, true) {
                metrics::gauge!("database_away").set(1.0);
                tracing::warn!("the database is away: whoever needs it is refused at once");
            }
            sleep(BETWEEN_LOOKS).await;
        }
        let mut watch = self.watch();
        watch.looking = false;
        if std::mem::replace(&mut watch.away, false) {
            watch.wary_until = Some(Instant::now() + WARY);
            metrics::gauge!("database_away").set(0.0);
            tracing::info!("the database is there again");
        }
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<PgPool> for Pool {
    fn from(inner: PgPool) -> Self {
        Self { inner, watch: Arc::default() }
    }
}

/// Past the watch, for whoever looks after the pool itself.
impl Deref for Pool {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.inner
    }
}
