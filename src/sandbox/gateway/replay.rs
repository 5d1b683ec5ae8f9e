//! Rebuilds the index and the unsent call-backs from the log; writes nothing.

use std::{collections::HashMap, path::Path};

use crate::sandbox::{
    book::Book,
    callbacks::Message,
    entry::{Change, Entry},
    ids::EventId,
    log::{AppendLog, OpenLogError, Position},
};

/// What the log said.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Every charge.
    pub book: Book,
    unended: HashMap<EventId, (usize, Change)>,
    lines: usize,
}

/// Opens the log and reads it back.
pub fn replay(path: &Path) -> Result<(AppendLog, Replayed), OpenLogError> {
    let mut replayed = Replayed::default();
    let log = AppendLog::open(path, |json| {
        replayed.take(serde_json::from_slice(json)?);
        Ok(())
    })?;
    Ok((log, replayed))
}

impl Replayed {
    fn take(&mut self, entry: Entry) {
        self.lines += 1;
        match entry {
            Entry::Changed(change) => {
                if let Some(event) = change.event {
                    self.unended.insert(event.id, (self.lines, Change::clone(&change)));
                }
                self.book.change(*change);
            }
            Entry::Imported(history) => self.book.import(*history),
            Entry::CallbackEnded { event_id, .. } => {
                self.unended.remove(&event_id);
            }
        }
    }

    /// The call-backs that nobody took yet, oldest first.
    ///
    /// # Errors
    /// A time that RFC 3339 cannot write.
    pub fn unended(&mut self) -> Result<Vec<Message>, serde_json::Error> {
        let mut changes: Vec<_> = self.unended.drain().map(|(_, change)| change).collect();
        changes.sort_unstable_by_key(|(line, _)| *line);
        let on_disk = Position::default();
        let messages =
            changes.iter().filter_map(|(_, change)| Message::of(change, on_disk).transpose());
        messages.collect()
    }
}
