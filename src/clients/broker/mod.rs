//! The port between outbox and consumers, in two forms: RabbitMQ, or a call in the same process; it decides nothing about messages.
//!
//! Whoever publishes hears whether the message is safe: with RabbitMQ once a quorum has it, in one process once
//! every consumer is done with it. Until then it stays in the outbox. Consumers see copies, so they recognise them.

mod connection;
mod consumer;
mod depth;
mod in_process;
mod publisher;
mod rabbitmq;
mod topology;
mod wire;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::message::Message;

pub use in_process::InProcess;
pub use rabbitmq::RabbitMq;
pub use topology::Topology;

/// Who gets which messages: a queue and the topics it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    pub queue: &'static str,
    pub topics: &'static [&'static str],
}

impl Subscription {
    /// Whether messages of this topic go there.
    pub fn takes(&self, topic: &str) -> bool {
        self.topics.contains(&topic)
    }
}

/// For whom a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience<'a> {
    /// Whoever takes its topic.
    Everybody,
    /// The consumer of this queue alone.
    Only(&'a str),
}

/// Takes messages from the outbox.
pub trait Broker: Send + Sync + fmt::Debug {
    /// What it is called in traces (`messaging.system`).
    fn system(&self) -> &'static str;

    /// Returns when publishing makes sense again: at once while the broker is there.
    fn ready(&self) -> BoxFuture<'_, ()>;

    /// Hands over one message; `tries` says how often it was tried, this time included.
    fn publish<'a>(
        &'a self,
        message: &'a Message,
        audience: Audience<'a>,
        tries: i32,
    ) -> BoxFuture<'a, Result<(), NotPublished>>;
}

/// Why a message stays in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPublished {
    /// There is no broker to be spoken to, or it fell silent: nothing is wrong with the message.
    #[error("the broker is away")]
    Away,
    /// The broker is there and did not take it.
    #[error("{0}")]
    Refused(String),
    /// A consumer in this process wants it again.
    #[error("{reason}")]
    Again { after: Duration, reason: String },
}

/// What a consumer's side made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It never needs to come again.
    Done,
    Again {
        after: Duration,
        reason: String,
    },
}

/// Takes messages from a queue.
pub trait Receiver: Send + Sync + fmt::Debug {
    /// Handles one message of this queue; `tries` says how often it came, this time included.
    fn receive<'a>(
        &'a self,
        queue: &'a str,
        message: &'a Message,
        tries: i32,
    ) -> BoxFuture<'a, Settlement>;

    /// Gives up a message that can't be handled at all, for this reason.
    fn bury<'a>(
        &'a self,
        queue: &'a str,
        message: &'a Message,
        reason: &'a str,
        tries: i32,
    ) -> BoxFuture<'a, Settlement>;
}
