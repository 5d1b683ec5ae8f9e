//! The only place that begins, commits and repeats a transaction; it holds no rule and no network call but SQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use scoped_futures::ScopedBoxFuture;
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;
use tracing::{Instrument, debug_span};

use super::pool::Pool;
use crate::store::{self, StoreError};

/// How often a transaction is run again when Postgres asks for it (SQLSTATE 40001, 40P01). Where it is set to
/// `serializable`, all but one of those that want the same row are asked at once.
const REPETITIONS: usize = 40;

/// The waits before them: doubled from the first up to the longest, with jitter, so that those who met do not meet again.
const FIRST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(64);

tokio::task_local! {
    static WATCHED: CommitWatch;
}

/// Tells of work that failed, or that its caller left, whether any of it may have been committed.
#[derive(Debug, Clone, Default)]
pub struct CommitWatch(Arc<AtomicBool>);

impl CommitWatch {
    /// `work` takes its transactions from [`transact`].
    pub async fn over<F: Future>(&self, work: F) -> F::Output {
        WATCHED.scope(self.clone(), work).await
    }

    pub fn may_be_committed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// From now on nobody knows but whoever gets the answer.
pub(super) fn about_to_commit() {
    // Most work is not watched.
    let _unwatched = WATCHED.try_with(|watch| watch.0.store(true, Ordering::SeqCst));
}

/// Runs `work` in one transaction: commits what succeeds, rolls back what fails, and runs it again, whole,
/// where Postgres found a conflict. `work` must therefore change nothing but the database.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub async fn transact<'a, T, E, F>(pool: &Pool, work: F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + AsStoreError + Send,
{
    // One connection for all repetitions: a conflict must not send us to the back of the queue.
    let mut conn = pool.take().await?;
    let mut waits = waits();
    loop {
        let result = once(&mut conn, &work).await;
        pool.heed(store_error(&result));
        let Some(wait) = wait_before_repeating(&result, &mut waits) else { return result };
        sleep(wait).await;
    }
}

/// The same once: for work that has another way where it meets a conflict.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub async fn transact_once<'a, T, E, F>(pool: &Pool, work: F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + AsStoreError + Send,
{
    let mut conn = pool.take().await?;
    let result = once(&mut conn, &work).await;
    pool.heed(store_error(&result));
    result
}

/// Runs `work` on a connection without a transaction: for reads and single statements, which are transactions of their
/// own and may have to be run again like any other.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub async fn read<'a, T, E, F>(pool: &Pool, work: F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + AsStoreError + Send,
{
    let mut conn = pool.take().await?;
    let mut waits = waits();
    loop {
        let result = work(&mut conn).await;
        pool.heed(store_error(&result));
        let Some(wait) = wait_before_repeating(&result, &mut waits) else { return result };
        sleep(wait).await;
    }
}

/// Runs `work` on one unchanging view of the whole database, in which nothing can be changed. It may look for as long as
/// it wants: the pool's limit for a statement is for those that somebody waits for.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub async fn snapshot<'a, T, E, F>(pool: &Pool, work: F) -> Result<T, E>
where
    F: for<'c> FnOnce(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send,
    E: From<StoreError>,
{
    let mut conn = pool.take().await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut view = conn.begin_with(begin).await.map_err(StoreError::from)?;
    store::lift_time_limit(&mut view).await?;
    work(&mut view).await
}

/// Errors that may hold a [`StoreError`], so that a conflict can be told from a refusal.
pub trait AsStoreError {
    fn as_store_error(&self) -> Option<&StoreError>;
}

impl AsStoreError for StoreError {
    fn as_store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

fn waits() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(REPETITIONS)
        .with_jitter()
        .build()
}

fn store_error<T, E: AsStoreError>(result: &Result<T, E>) -> Option<&StoreError> {
    result.as_ref().err()?.as_store_error()
}

/// `None`: the result stands.
fn wait_before_repeating<T, E: AsStoreError>(
    result: &Result<T, E>,
    waits: &mut impl Iterator<Item = Duration>,
) -> Option<Duration> {
    let error = store_error(result)?;
    let wait = if matches!(error, StoreError::Retry(_)) { waits.next() } else { None };
    if wait.is_some() {
        metrics::counter!("db_transaction_repetitions_total").increment(1);
    }
    wait
}

async fn once<'a, T, E, F>(conn: &mut PgConnection, work: &F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send + Sync,
    E: From<StoreError>,
{
    let mut transaction = conn.begin().await.map_err(StoreError::from)?;
    match work(&mut transaction).await {
        Ok(value) => {
            about_to_commit();
            let committing = transaction.commit().instrument(debug_span!("db.commit"));
            committing.await.map_err(StoreError::from)?;
            Ok(value)
        }
        Err(error) => {
            // Before the caller hears of it, so that what was locked is free for whoever asks next. Where the caller went
            // away, or the connection did, an uncommitted transaction is rolled back by itself.
            drop(transaction.rollback().await);
            Err(error)
        }
    }
}
