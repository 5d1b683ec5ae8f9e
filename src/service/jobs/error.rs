//! Why nothing came of a use case of jobs, and why a job is not done.

use crate::clients::files::FileError;
use crate::clients::payment_gateway::GatewayError;
use crate::domain::job::JobFault;
use crate::service::idempotency::KeyError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

/// Why nothing came of a request.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// There is none, or none in the caller's sight: told apart for nobody.
    #[error("there is no such job")]
    NotFound,
    /// There is no file yet.
    #[error("the report is at {progress} %")]
    NotReady { progress: u8 },
    /// There will be no file: it failed or was cancelled.
    #[error("the report is {status}")]
    NoFile { status: &'static str },
    /// There is no file any more.
    #[error("the report's file has expired")]
    Expired,
    /// A defect: what a job is about can't be read back.
    #[error("a job's row can't be read")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for JobsError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) | Self::Key(KeyError::Store(error)) => Some(error),
            Self::NotFound
            | Self::NotReady { .. }
            | Self::NoFile { .. }
            | Self::Expired
            | Self::Unreadable(_)
            | Self::File(_)
            | Self::Key(_) => None,
        }
    }
}

/// Why a worker came to no end with its job.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Somebody else has the lease, or the job was cancelled.
    #[error("the job is no longer this worker's")]
    Lost,
    #[error("the worker stops")]
    Stopped,
    /// What was asked for can't be had: no try will fare better.
    #[error("{}", .0.detail)]
    Refused(JobFault),
    /// A defect: what the job is about can't be read back, or written down.
    #[error("the job can't be read or written: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("the table can't be written: {0}")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What becomes of a job that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is somebody else's.
    Left,
    /// It is given back as if it had not been taken.
    GivenBack,
    /// The next try may fare better; if it was the last one, this is why it failed.
    Again(JobFault),
    Failed(JobFault),
}

impl NotDone {
    pub(super) fn fate(&self) -> Fate {
        let internal = || JobFault::new("internal_error", "The service has a fault.");
        match self {
            Self::Lost => Fate::Left,
            Self::Stopped => Fate::GivenBack,
            Self::Refused(fault) => Fate::Failed(fault.clone()),
            Self::Unreadable(_) => Fate::Failed(internal()),
            Self::Encoding(_) => {
                Fate::Failed(JobFault::new("file_not_written", "The file could not be made."))
            }
            Self::File(_) => {
                let detail = "The store of files did not take or give the file.";
                Fate::Failed(JobFault::new("file_store_failed", detail))
            }
            Self::Gateway(_) => {
                let detail = "The payment gateway's record could not be read.";
                Fate::Again(JobFault::new("payment_gateway_unavailable", detail))
            }
            Self::Store(StoreError::Unavailable(_) | StoreError::Retry(_)) => {
                let detail = "The database did not answer.";
                Fate::Again(JobFault::new("dependency_unavailable", detail))
            }
            Self::Store(StoreError::TooSlow(_)) => {
                let detail = "Reading the rows took too long: ask for a shorter time.";
                Fate::Failed(JobFault::new("took_too_long", detail))
            }
            Self::Store(
                StoreError::Broken(..) | StoreError::BadRow { .. } | StoreError::Unexpected(_),
            ) => Fate::Failed(internal()),
        }
    }
}

impl AsStoreError for NotDone {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Lost
            | Self::Stopped
            | Self::Refused(_)
            | Self::Unreadable(_)
            | Self::Encoding(_)
            | Self::File(_)
            | Self::Gateway(_) => None,
        }
    }
}
