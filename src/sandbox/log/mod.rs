//! The append log: what is answered stands on disk; it orders and keeps lines but never looks into them.
//!
//! Lines are queued in memory under a short lock; one thread writes what is queued, flushes once (`fdatasync`), and tells all
//! who waited for any of it. While it flushes, the next lines gather, so one flush pays for many. After a failed write
//! nothing is taken any more: what is in memory may no longer be on disk, and only a restart can say.
//!
//! A line is `<CRC-32 in hex> <JSON>`; `cut -c10- gateway.log | jq` reads it.

mod frame;
mod replay;
mod writer;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use tokio::sync::watch;

use writer::Shared;

/// How many lines had been queued when one was; what a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position(u64);

/// Lines ready to be queued together, so that framing happens outside the lock.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    lines: u64,
}

impl Batch {
    /// Adds one line; `json` must be compact, that is without line feeds.
    pub fn push(&mut self, json: &[u8]) {
        frame::encode(json, &mut self.bytes);
        self.lines += 1;
    }
}

/// Why the log does not take or confirm a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A write or flush failed earlier.
    #[error("the record cannot be written any more; restart the provider once its disk is well")]
    Failed,
    /// The provider is stopping.
    #[error("the record is closed")]
    Closed,
}

/// Why the log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenLogError {
    /// Another process holds it.
    #[error("{} is in use by another running gateway; stop it or choose another data folder", .0.display())]
    InUse(PathBuf),
    /// A line that is not the last is damaged.
    #[error("{} is damaged at byte {offset}: a whole line follows a broken one", path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
        /// Where the broken line begins.
        offset: u64,
    },
    /// A line is whole, but means nothing to this version.
    #[error("{}: the line at byte {offset} is not an entry this version knows", path.display())]
    Unreadable {
        /// The log.
        path: PathBuf,
        /// Where the line begins.
        offset: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file system says no.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// The open log. Dropping it writes what is queued and lets go of the file.
#[derive(Debug)]
pub struct AppendLog {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl AppendLog {
    /// Opens the log for this process alone, hands each line to `take` in order and cuts off a torn last line.
    ///
    /// # Errors
    /// [`OpenLogError`]: in use, damaged, not understood, or the file system.
    pub fn open(
        path: &Path,
        take: impl FnMut(&[u8]) -> Result<(), serde_json::Error>,
    ) -> Result<Self, OpenLogError> {
        let file = replay::open(path, take)?;
        Self::over(file).map_err(|source| OpenLogError::Io { path: path.into(), source })
    }

    /// A log that continues this file.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn over(file: File) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let for_writer = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("gateway-log".into())
            .spawn(move || writer::run(&for_writer, file))?;
        Ok(Self { shared, writer: Mutex::new(Some(writer)) })
    }

    /// Queues lines in the order of calls; they count once [`durable`](Self::durable) says so.
    ///
    /// # Errors
    /// [`LogError`]; nothing was queued then.
    pub fn append(&self, batch: &Batch) -> Result<Position, LogError> {
        self.shared.queue(&batch.bytes, batch.lines).map(Position)
    }

    /// Waits until everything up to `position` is on disk.
    ///
    /// # Errors
    /// [`LogError`] if it may not be.
    pub async fn durable(&self, position: Position) -> Result<(), LogError> {
        let mut progress = self.shared.progress();
        let settled = progress
            .wait_for(|progress| progress.stopped.is_some() || progress.flushed >= position.0)
            .await;
        match settled {
            Ok(progress) if progress.flushed >= position.0 => Ok(()),
            Ok(progress) => Err(progress.stopped.unwrap_or(LogError::Closed)),
            Err(watch::error::RecvError { .. }) => Err(LogError::Closed),
        }
    }

    /// Writes what is queued, then lets go of the file; blocks for at most one flush. Later calls are refused.
    pub fn close(&self) {
        self.shared.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the thread that writes the gateway's record panicked");
        }
    }
}

impl Drop for AppendLog {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::{AppendLog, Batch, LogError};

    fn line() -> Batch {
        let mut batch = Batch::default();
        batch.push(b"{}");
        batch
    }

    #[tokio::test]
    async fn a_full_disk_confirms_nothing_and_takes_nothing_more() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let log = AppendLog::over(full).unwrap();
        let position = log.append(&line()).unwrap();
        assert_eq!(log.durable(position).await, Err(LogError::Failed));
        assert_eq!(log.append(&line()), Err(LogError::Failed));
    }

    #[tokio::test]
    async fn a_closed_log_takes_nothing_more() {
        let nowhere = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let log = AppendLog::over(nowhere).unwrap();
        log.close();
        assert_eq!(log.append(&line()), Err(LogError::Closed));
        assert_eq!(log.durable(super::Position(0)).await, Ok(()));
    }
}
