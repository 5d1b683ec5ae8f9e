//! The only place that begins, commits and repeats a transaction; it holds no rule and no network call but SQL.

use scoped_futures::ScopedBoxFuture;
use sqlx::{Connection, PgConnection, PgPool};

use crate::store::StoreError;

/// How often a transaction is run when Postgres asks for a repetition (SQLSTATE 40001, 40P01).
const ATTEMPTS: u32 = 8;

/// Runs `work` in one transaction: commits what succeeds, rolls back what fails, and runs it again, whole,
/// where Postgres found a conflict. `work` must therefore change nothing but the database.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub async fn transact<'a, T, E, F>(pool: &PgPool, work: F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + AsStoreError + Send,
{
    // One connection for all attempts: a conflict must not send us to the back of the queue.
    let mut conn = pool.acquire().await.map_err(StoreError::from)?;
    let mut attempt = 1;
    loop {
        match once(&mut conn, &work).await {
            Err(error) if attempt < ATTEMPTS && wants_repetition(&error) => {
                metrics::counter!("db_transaction_repetitions_total").increment(1);
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// Runs `work` on a connection without a transaction: for single reads.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub async fn read<'a, T, E, F>(pool: &PgPool, work: F) -> Result<T, E>
where
    F: for<'c> FnOnce(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send,
    E: From<StoreError>,
{
    let mut conn = pool.acquire().await.map_err(StoreError::from)?;
    work(&mut conn).await
}

/// Runs `work` on one unchanging view of the whole database, in which nothing can be changed.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub async fn snapshot<'a, T, E, F>(pool: &PgPool, work: F) -> Result<T, E>
where
    F: for<'c> FnOnce(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send,
    E: From<StoreError>,
{
    let mut conn = pool.acquire().await.map_err(StoreError::from)?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut view = conn.begin_with(begin).await.map_err(StoreError::from)?;
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

fn wants_repetition<E: AsStoreError>(error: &E) -> bool {
    matches!(error.as_store_error(), Some(StoreError::Retry(_)))
}

async fn once<'a, T, E, F>(conn: &mut PgConnection, work: &F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<T, E>> + Send + Sync,
    E: From<StoreError>,
{
    let mut transaction = conn.begin().await.map_err(StoreError::from)?;
    // Dropping an uncommitted transaction rolls it back, whether `work` failed or the caller went away.
    let value = work(&mut transaction).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(value)
}
