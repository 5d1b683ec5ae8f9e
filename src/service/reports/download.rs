//! The finished file of a report, in whole or in part.

use std::ops::Range;

use futures_util::stream::BoxStream;

use crate::clients::files::{Bytes, FileError};
use crate::domain::ids::JobId;
use crate::domain::job::JobStatus;
use crate::domain::report::{ReportFile, ReportOrder};
use crate::service::jobs::{Jobs, JobsError, Sight, find};

/// A file that is there to be read.
#[derive(Debug, Clone)]
pub struct Download {
    pub order: ReportOrder,
    pub file: ReportFile,
}

/// The file of this report.
///
/// # Errors
/// [`JobsError::NotFound`], [`JobsError::NotReady`], [`JobsError::NoFile`], [`JobsError::Expired`], or the store's.
#[tracing::instrument(name = "service.reports.open", skip_all)]
pub async fn open(jobs: &Jobs, id: JobId, sight: Sight) -> Result<Download, JobsError> {
    let job = find(&jobs.services, id, sight).await?;
    match job.status {
        JobStatus::Queued | JobStatus::Processing => {
            return Err(JobsError::NotReady { progress: job.progress() });
        }
        JobStatus::Failed | JobStatus::Cancelled => {
            return Err(JobsError::NoFile { status: job.status.as_str() });
        }
        JobStatus::Complete => {}
    }
    if job.is_expired(jobs.services.ambient.now()) {
        return Err(JobsError::Expired);
    }
    let order = serde_json::from_value(job.parameters)?;
    let file = serde_json::from_value(job.result.unwrap_or_default())?;
    Ok(Download { order, file })
}

impl Download {
    /// The bytes from one to another, or all.
    ///
    /// # Errors
    /// [`JobsError::File`] where the store of files doesn't give it.
    pub async fn read(
        &self,
        jobs: &Jobs,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, FileError>>, JobsError> {
        Ok(jobs.files.read(&self.file.key, range).await?)
    }
}
