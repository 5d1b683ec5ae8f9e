//! Call-backs: what waits to be told to clients and when it is due; the record itself stays the truth.
//!
//! An event is queued in the step that records it and is sent when the record is on disk. `webhook-id` and the body stay the
//! same over all tries; `webhook-timestamp` and `webhook-signature` are made anew for each. Anything but a 2xx is a failure,
//! a redirect too; each failure is tried again after a longer, jittered wait until the tries are used up. What was not ended
//! when the provider stopped is sent after the next start.

mod delivery;
pub mod signature;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, time::Instant};

use super::{
    entry::{Change, EventKind},
    ids::EventId,
    log::Position,
    terms::CallbackUrl,
    wire::EventView,
};

use crate::trace_context;

pub use delivery::{Sender, run};

/// One message to one client, as it is sent each time.
#[derive(Debug, Clone)]
pub struct Message {
    id: EventId,
    kind: EventKind,
    url: CallbackUrl,
    body: Arc<str>,
    recorded: Position,
    /// Of the call that led to it; forgotten by a restart.
    trace_parent: Option<String>,
}

impl Message {
    /// The message of a change, if anybody is to be told of it.
    ///
    /// # Errors
    /// A time that RFC 3339 cannot write.
    pub fn of(change: &Change, recorded: Position) -> Result<Option<Self>, serde_json::Error> {
        let Some((stamp, url)) = change.event.zip(change.charge.terms.callback_url.clone()) else {
            return Ok(None);
        };
        let body = serde_json::to_string(&EventView::new(stamp, change))?.into();
        let trace_parent = trace_context::current();
        Ok(Some(Self { id: stamp.id, kind: stamp.kind, url, body, recorded, trace_parent }))
    }

    /// The same message, to be sent once the record has come this far.
    #[must_use]
    pub fn recorded_at(self, recorded: Position) -> Self {
        Self { recorded, ..self }
    }

    /// Which event.
    #[must_use]
    pub fn id(&self) -> EventId {
        self.id
    }
}

/// One try to come.
#[derive(Debug)]
struct Delivery {
    message: Message,
    failed: u32,
    purpose: Purpose,
}

/// Whether the outcome of a delivery matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Repeated until it succeeds, and recorded then.
    Tell,
    /// An injected second copy: sent once.
    Duplicate,
}

/// How a new message is queued.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Not before this.
    pub due: Instant,
    /// How often: 2 where duplicates are injected.
    pub copies: Copies,
}

/// How many copies of a message go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// As it should be.
    One,
    /// An injected fault.
    Two,
}

/// The messages that wait, by when they are due.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    by_due: BTreeMap<(Instant, u64), Delivery>,
    queued: u64,
}

impl Outbox {
    /// How many deliveries wait.
    pub fn len(&self) -> usize {
        self.lock().by_due.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a new message.
    pub fn queue(&self, message: Message, plan: Plan) {
        if plan.copies == Copies::Two {
            let message = message.clone();
            self.push(plan.due, Delivery { message, failed: 0, purpose: Purpose::Duplicate });
        }
        self.push(plan.due, Delivery { message, failed: 0, purpose: Purpose::Tell });
    }

    fn push(&self, due: Instant, delivery: Delivery) {
        let mut waiting = self.lock();
        waiting.queued += 1;
        let place = (due, waiting.queued);
        waiting.by_due.insert(place, delivery);
        self.changed.notify_one();
    }

    /// Waits for the next delivery that is due.
    async fn next(&self) -> Delivery {
        loop {
            let changed = self.changed.notified();
            let due = {
                let mut waiting = self.lock();
                match waiting.by_due.first_entry() {
                    Some(first) if first.key().0 <= Instant::now() => return first.remove(),
                    Some(first) => Some(first.key().0),
                    None => None,
                }
            };
            match due {
                Some(due) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(due) => {}
                },
                None => changed.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
