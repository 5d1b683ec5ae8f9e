//! What is left of jobs that are over: their files, then their rows.

use scoped_futures::ScopedFutureExt;
use time::Duration;

use super::{Jobs, JobsError, folder};
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::job_files as rows;

/// Rows outlive their files by far, and any idempotency key that tells of them.
const ROWS_LIVE: Duration = Duration::days(30);

/// Removes the files of up to `limit` jobs whose time is over, with what killed workers left there; of how many. Two
/// workers at once do it twice, which changes nothing.
///
/// # Errors
/// [`JobsError`]: the store of files or the database doesn't answer.
pub async fn clear_expired(jobs: &Jobs, limit: i64) -> Result<u64, JobsError> {
    let pool = &jobs.services.pool;
    let now = jobs.services.ambient.now();
    let expired =
        read::<_, StoreError, _>(pool, |conn| rows::list_to_clear(conn, now, limit).scope_boxed())
            .await?;
    let mut cleared = 0;
    for id in expired {
        jobs.files.remove_all(&folder(id)).await?;
        read::<_, StoreError, _>(pool, |conn| rows::update_cleared(conn, id, now).scope_boxed())
            .await?;
        cleared += 1;
    }
    Ok(cleared)
}

/// Forgets jobs whose files went long ago; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_cleared(jobs: &Jobs, limit: i64) -> Result<u64, StoreError> {
    let before = jobs.services.ambient.now() - ROWS_LIVE;
    read(&jobs.services.pool, |conn| rows::delete_old(conn, before, limit).scope_boxed()).await
}
