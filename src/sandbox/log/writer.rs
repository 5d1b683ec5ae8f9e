//! The thread that writes and flushes the log, and the queue before it; it decides nothing but when to flush.

use std::{
    fs::File,
    io::{self, Write},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::LogError;

/// What callers and the writing thread share.
#[derive(Debug, Default)]
pub struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    lines: u64,
    refuses: Option<LogError>,
}

/// How far the disk is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Lines flushed since the log was opened.
    pub flushed: u64,
    /// Why no more will be.
    pub stopped: Option<LogError>,
}

impl Shared {
    /// Adds lines and says how many there were ever.
    pub fn queue(&self, bytes: &[u8], lines: u64) -> Result<u64, LogError> {
        let mut queue = self.lock();
        if let Some(error) = queue.refuses {
            return Err(error);
        }
        queue.bytes.extend_from_slice(bytes);
        queue.lines += lines;
        self.filled.notify_one();
        Ok(queue.lines)
    }

    /// Follows how far the disk is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Takes nothing from now on.
    pub fn close(&self) {
        self.lock().refuses.get_or_insert(LogError::Closed);
        self.filled.notify_one();
    }

    /// Everything queued, waiting for the first of it; nothing once closed and empty.
    fn next(&self) -> Option<(Vec<u8>, u64)> {
        let queue = self.lock();
        let mut queue = self
            .filled
            .wait_while(queue, |queue| queue.bytes.is_empty() && queue.refuses.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let bytes = std::mem::take(&mut queue.bytes);
        (!bytes.is_empty()).then_some((bytes, queue.lines))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self, why: LogError) {
        self.lock().refuses = Some(why);
        self.progress.send_modify(|progress| progress.stopped = Some(why));
    }
}

/// Writes until the queue is closed or the disk fails; the file is let go before anyone is told that it is over.
pub fn run(shared: &Shared, mut file: File) {
    let mut end = LogError::Closed;
    while let Some((bytes, lines)) = shared.next() {
        if let Err(error) = write(&mut file, &bytes) {
            tracing::error!(%error, "the gateway's record cannot be written; it takes nothing any more");
            end = LogError::Failed;
            break;
        }
        shared.progress.send_modify(|progress| progress.flushed = lines);
    }
    drop(file);
    shared.stop(end);
}

fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::Shared;

    #[test]
    fn lines_that_gather_during_a_flush_share_the_next_one() {
        let shared = Shared::default();
        for line in [b"a\n", b"b\n", b"c\n"] {
            shared.queue(line, 1).unwrap();
        }
        shared.close();
        assert_eq!(shared.next(), Some((b"a\nb\nc\n".to_vec(), 3)));
        assert_eq!(shared.next(), None);
    }
}
