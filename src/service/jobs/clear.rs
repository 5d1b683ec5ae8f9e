//! What is left of jobs that are over: their files, then their rows.

use scoped_futures::ScopedFutureExt;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{FOLDER, Jobs, JobsError, folder};
use crate::domain::ids::JobId;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::job_files as rows;

/// Rows outlive their files by far, and any idempotency key that tells of them.
const ROWS_LIVE: Duration = Duration::days(30);

/// Far longer than a list may take to arrive.
const STRAYS_LIVE: Duration = Duration::days(1);

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

/// Removes files of which no job tells: a list whose sender, or whose process, went away between the file and the job. Of
/// how many.
///
/// # Errors
/// [`JobsError`]: the store of files or the database doesn't answer.
pub async fn sweep_strays(jobs: &Jobs) -> Result<u64, JobsError> {
    let before = jobs.services.ambient.now() - STRAYS_LIVE;
    let names = jobs.files.folders(FOLDER).await?;
    let old: Vec<Uuid> = names
        .iter()
        .filter_map(|name| name.parse().ok())
        .filter(|id| made_at(id).is_some_and(|made_at| made_at < before))
        .collect();
    let ids = &old;
    let known = read::<_, StoreError, _>(&jobs.services.pool, |conn| {
        rows::list_known(conn, ids).scope_boxed()
    })
    .await?;
    let mut swept = 0;
    for stray in old.iter().filter(|id| !known.contains(id)) {
        jobs.files.remove_all(&folder(JobId::from(*stray))).await?;
        swept += 1;
    }
    Ok(swept)
}

/// A job's id tells when it was made (RFC 9562 §5.7).
fn made_at(id: &Uuid) -> Option<OffsetDateTime> {
    let (seconds, _nanoseconds) = id.get_timestamp()?.to_unix();
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()
}

/// Forgets jobs whose files went long ago; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_cleared(jobs: &Jobs, limit: i64) -> Result<u64, StoreError> {
    let before = jobs.services.ambient.now() - ROWS_LIVE;
    read(&jobs.services.pool, |conn| rows::delete_old(conn, before, limit).scope_boxed()).await
}
