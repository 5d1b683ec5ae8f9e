//! Who acts on which message: one consumer a file, each listed in [`all`]; none knows how a message came. Each kind of
//! mail has one of its own, so that a mail that is refused holds up no other.
//!
//! A consumer sees copies. One whose effect is a transaction writes its inbox row in it; a mail has a delivery row.
//! Messages that nobody takes are done at once.

mod job_requested;
mod record_event;
mod send_mail;

use std::fmt;
use std::sync::{Arc, LazyLock};

use futures_util::future::BoxFuture;

use super::WorkerParts;
use super::delivery::Failure;
use super::long_jobs::LongJobs;
use crate::clients::broker::Subscription;
use crate::domain::event::Event;
use crate::domain::message::Message;
use crate::service::events::EVENTS;
use crate::service::mails::KINDS;

use job_requested::{JobRequested, LONG_JOBS};
use record_event::RecordEvent;
use send_mail::SendMail;

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
pub static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| KINDS.iter().map(|kind| kind.name).chain([LONG_JOBS, EVENTS]).collect());

/// Every consumer there is.
pub(super) fn all(parts: &WorkerParts, long_jobs: &Arc<LongJobs>) -> Vec<Arc<dyn Consume>> {
    let mail = |kind| -> Arc<dyn Consume> { Arc::new(SendMail::new(kind, parts.mails.clone())) };
    let others: [Arc<dyn Consume>; 2] = [
        Arc::new(JobRequested::new(Arc::clone(long_jobs))),
        Arc::new(RecordEvent::new(parts.services.clone())),
    ];
    KINDS.into_iter().map(mail).chain(others).collect()
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

#[cfg(test)]
mod tests {
    use super::NAMES;

    /// Under these names lie queues, inbox rows and dead letters of every installation.
    #[test]
    fn names_never_change() {
        let names = [
            "welcome_mail",
            "order_confirmation",
            "payment_receipt",
            "refund_notice",
            "report_ready",
            "webhook_endpoint_disabled",
            "password_reset",
            "email_verification",
            "long_jobs",
            "events",
        ];
        assert_eq!(*NAMES, names);
    }
}
