//! Calls against the record: decided, written and made known in one step; knows no HTTP and no delays.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::{Gateway, Ledger};
use crate::sandbox::{
    book::Book,
    callbacks::{Copies, Message, Plan},
    charge::{Charge, Refund, Settlement, State},
    decide::{self, Decision, Refusal},
    entry::{CallbackOutcome, Change, Entry, Operation},
    ids::{ChargeId, EventId},
    import::{self, ImportError, Imported, Load},
    log::{Batch, LogError},
};

/// Why a call did not take effect.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The record as it stands says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It may or may not be on disk.
    #[error(transparent)]
    Record(#[from] LogError),
    /// It cannot be written as a line.
    #[error("the change cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

/// What a call led to.
#[derive(Debug)]
pub struct Done {
    /// Now, or by an earlier call with the same key.
    pub when: When,
    /// The charge as it is.
    pub charge: Charge,
    /// The refund this key made.
    pub refund: Option<Refund>,
}

/// Whether a call took effect now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This call did it.
    Now,
    /// An earlier call with the same key did.
    Earlier,
}

impl Done {
    fn earlier(book: &Book, operation: &Operation) -> Result<Self, Refusal> {
        let history = book.history(operation.charge_id).ok_or(Refusal::UnknownCharge)?;
        let refund = history.refunds.iter().find(|refund| Some(refund.id) == operation.refund_id);
        let (charge, refund) = (history.charge.clone(), refund.cloned());
        Ok(Self { when: When::Earlier, charge, refund })
    }
}

impl Gateway {
    /// Reads the record; waits until all that was seen is on disk.
    ///
    /// # Errors
    /// [`LogError`] if it may never be.
    pub async fn read<T>(&self, look: impl FnOnce(&Book) -> T) -> Result<T, LogError> {
        let (seen, position) = {
            let ledger = self.ledger();
            (look(&ledger.book), ledger.last)
        };
        self.durable(position).await?;
        Ok(seen)
    }

    /// Decides a call and records what it leads to in one step; answers when that is on disk. A refusal too rests on what is
    /// on disk.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn transact(
        &self,
        decide: impl FnOnce(&Book, OffsetDateTime) -> Result<Decision, Refusal>,
    ) -> Result<Done, CallError> {
        let (outcome, position) = {
            let mut ledger = self.ledger();
            let outcome = match decide(&ledger.book, self.now()) {
                Ok(Decision::Replay(operation)) => Done::earlier(&ledger.book, &operation),
                Ok(Decision::Commit(change)) => Ok(self.commit(&mut ledger, *change)?),
                Err(refusal) => Err(refusal),
            };
            (outcome, ledger.last)
        };
        self.durable(position).await?;
        Ok(outcome?)
    }

    /// Decides a pending charge.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn settle(&self, id: ChargeId, how: Settlement) -> Result<Done, CallError> {
        self.transact(|book, now| decide::settle(book, id, how, now)).await
    }

    /// Takes charges of the past, all or none; those already on record are left as they are.
    ///
    /// # Errors
    /// [`ImportError`]
    pub async fn import(&self, load: Load) -> Result<Imported, ImportError> {
        let (imported, position) = {
            let mut ledger = self.ledger();
            let (fresh, imported) = import::select(&ledger.book, load)?;
            if !fresh.is_empty() {
                ledger.last = self.0.log.append(&import::lines(&fresh)?)?;
            }
            for history in fresh {
                ledger.book.import(history);
            }
            (imported, ledger.last)
        };
        self.durable(position).await?;
        Ok(imported)
    }

    /// Notes that nobody has to be told of this event any more. Not waited for: at worst it is told again.
    pub(in crate::sandbox) fn end_callback(&self, event_id: EventId, outcome: CallbackOutcome) {
        let ended = Entry::CallbackEnded { event_id, outcome, at: self.now() };
        let noted = ended.line().map_err(CallError::from).and_then(|line| {
            let mut batch = Batch::default();
            batch.push(&line);
            Ok(self.0.log.append(&batch)?)
        });
        if let Err(error) = noted {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(%event_id, error, "the end of a call-back was not noted; it is sent again after a restart");
        }
    }

    fn commit(&self, ledger: &mut Ledger, change: Change) -> Result<Done, CallError> {
        // All that can fail comes first, so that the log, the index and the outbox change together or not at all.
        let message = Message::of(&change, ledger.last)?;
        let mut batch = Batch::default();
        batch.push(&Entry::Changed(Box::new(change.clone())).line()?);
        let position = self.0.log.append(&batch)?;
        ledger.last = position;
        let done =
            Done { when: When::Now, charge: change.charge.clone(), refund: change.refund.clone() };
        if change.charge.state == State::Processing {
            self.0.pending_changed.notify_one();
        }
        ledger.book.change(change);
        if let Some(message) = message {
            self.tell(message.recorded_at(position));
        }
        Ok(done)
    }

    fn tell(&self, message: Message) {
        if self.0.outbox.len() >= self.0.callbacks.waiting {
            tracing::warn!(id = %message.id(), "too many call-backs wait; this one is given up");
            self.end_callback(message.id(), CallbackOutcome::GivenUp);
            return;
        }
        let faults = self.0.faults.read();
        let late = if faults.shuffle_callbacks {
            self.0.dice.part_of(self.0.callbacks.shuffle_within)
        } else {
            Duration::ZERO
        };
        let copies = if faults.duplicate_callbacks { Copies::Two } else { Copies::One };
        self.0.outbox.queue(message, Plan { due: Instant::now() + late, copies });
    }
}
