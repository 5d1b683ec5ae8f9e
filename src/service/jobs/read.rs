//! What a caller may see of jobs, and end: those within reach, and of all others not even that they exist.

use scoped_futures::ScopedFutureExt;

use super::JobsError;
use crate::domain::ids::{Id, JobId};
use crate::domain::job::Job;
use crate::domain::page::{Page, PageRequest, Position};
use crate::service::Services;
use crate::service::transact::{read, transact};
use crate::store::jobs::{self as rows, Ended};

pub use crate::store::jobs::Sight;

/// # Errors
/// [`JobsError::NotFound`], or the store's.
#[tracing::instrument(name = "service.jobs.find", skip_all)]
pub async fn find(services: &Services, id: JobId, sight: Sight) -> Result<Job, JobsError> {
    read(&services.pool, move |conn| {
        async move { rows::find(conn, id, sight).await?.ok_or(JobsError::NotFound) }.scope_boxed()
    })
    .await
}

/// Jobs in sight, newest first.
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.jobs.list", skip_all)]
pub async fn list(
    services: &Services,
    sight: Sight,
    page: PageRequest,
) -> Result<Page<Job>, JobsError> {
    let found = read(&services.pool, move |conn| {
        async move { Ok::<_, JobsError>(rows::list(conn, sight, page).await?) }.scope_boxed()
    })
    .await?;
    Ok(Page::cut(found, page.size, |job| Position {
        created_at: job.created_at,
        id: job.id.as_uuid(),
    }))
}

/// Ends a job that is not over, and removes one that is. Its worker hears of it with the next word it says.
///
/// # Errors
/// [`JobsError::NotFound`], or the store's; nothing has changed.
#[tracing::instrument(name = "service.jobs.cancel", skip_all)]
pub async fn cancel(services: &Services, id: JobId, sight: Sight) -> Result<(), JobsError> {
    transact(&services.pool, move |conn| {
        async move {
            rows::find(conn, id, sight).await?.ok_or(JobsError::NotFound)?;
            let now = services.ambient.now();
            // What its worker has written so far is of no use to anybody.
            let ended = Ended { at: now, expires_at: now };
            if !rows::update_cancelled(conn, id, ended).await? {
                rows::update_removed(conn, id, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}
