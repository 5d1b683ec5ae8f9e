//! Who acts on which message: one consumer a file, each listed in [`all`]; none knows how a message came.
//!
//! A consumer sees copies. One whose effect is a transaction writes its inbox row in it; a mail has a delivery row.
//! Messages that nobody takes are done at once.

mod job_requested;
mod record_event;
mod welcome_mail;

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::WorkerParts;
use super::delivery::Failure;
use super::long_jobs::LongJobs;
use crate::clients::broker::Subscription;
use crate::domain::event::Event;
use crate::domain::message::Message;
use crate::service::events::EVENTS;
use crate::service::mails::WELCOME_MAIL;

use job_requested::{JobRequested, LONG_JOBS};
use record_event::RecordEvent;
use welcome_mail::WelcomeMail;

/// Acts on messages.
pub trait Consume: Send + Sync + fmt::Debug {
    /// Names its queue and its inbox rows; it never changes.
    fn name(&self) -> &'static str;

    /// What it wants to hear of.
    fn topics(&self) -> &'static [&'static str];

    /// Handles one message; it may come again, also at the same time.
    fn consume<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>>;
}

/// The name of every consumer there is, for those that speak of one without having it.
pub const NAMES: [&str; 3] = [WELCOME_MAIL, LONG_JOBS, EVENTS];

/// Every consumer there is: as many as there are names.
pub(super) fn all(parts: &WorkerParts, long_jobs: &Arc<LongJobs>) -> Vec<Arc<dyn Consume>> {
    let consumers: [Arc<dyn Consume>; NAMES.len()] = [
        Arc::new(WelcomeMail::new(parts.mails.clone())),
        Arc::new(JobRequested::new(Arc::clone(long_jobs))),
        Arc::new(RecordEvent::new(parts.services.clone())),
    ];
    consumers.into()
}

/// What these consumers want to hear of.
pub(super) fn subscriptions(consumers: &[Arc<dyn Consume>]) -> Vec<Subscription> {
    let wish = |consumer: &Arc<dyn Consume>| Subscription {
        queue: consumer.name(),
        topics: consumer.topics(),
    };
    consumers.iter().map(wish).collect()
}

/// The event in a message; one that this program doesn't know is for an operator, not for another try.
fn event(message: &Message) -> Result<Event, Failure> {
    serde::Deserialize::deserialize(&message.payload)
        .map_err(|error: serde_json::Error| Failure::Permanent(error.into()))
}
