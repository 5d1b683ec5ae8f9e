//! An uploaded list on its way into the store of files, a piece at a time; nothing is asked for yet.

use crate::clients::files::{Bytes, NewFile};
use crate::domain::ids::JobId;
use crate::service::jobs::{Jobs, JobsError, folder};

/// The longest list that is taken.
pub const MAX_BYTES: u64 = 50 * 1024 * 1024;

/// A list that is being received.
#[derive(Debug)]
pub struct Upload {
    job: JobId,
    key: String,
    file: NewFile,
    lines: i64,
}

/// A list that was received, whole.
#[derive(Debug, Clone)]
pub struct Received {
    pub(super) job: JobId,
    pub(super) key: String,
    /// Without the head; a line inside a value counts, too, so that it may be too many.
    pub(super) rows: i64,
    /// SHA-256 of the list.
    pub digest: [u8; 32],
}

impl Upload {
    /// Its job's id is made here, so that the list lies where the job will look.
    pub fn begin(jobs: &Jobs) -> Self {
        let job = jobs.services.ambient.id();
        let key = format!("{}/list.csv", folder(job));
        Self { job, file: jobs.files.create(&key), key, lines: 0 }
    }

    /// # Errors
    /// [`JobsError::File`] where the store of files doesn't take it.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), JobsError> {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        self.lines = self.lines.saturating_add(i64::try_from(lines).unwrap_or(i64::MAX));
        Ok(self.file.write(bytes).await?)
    }

    /// How much has come.
    pub fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    /// # Errors
    /// [`JobsError::File`] where the store of files doesn't take it.
    pub async fn finish(self) -> Result<Received, JobsError> {
        let digest = self.file.finish().await?.digest();
        Ok(Received { job: self.job, key: self.key, rows: (self.lines - 1).max(0), digest })
    }

    /// Nothing of it is kept.
    pub async fn abort(self) {
        self.file.abort().await;
    }
}
