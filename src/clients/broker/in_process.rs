//! The broker of one process: publishing is calling every consumer; the outbox alone makes it durable.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, join_all};

use super::{Audience, Broker, NotPublished, Receiver, Settlement, Subscription};
use crate::domain::message::Message;

/// Consumers of this process behind the port.
#[derive(Debug)]
pub struct InProcess {
    subscriptions: Vec<Subscription>,
    receiver: Arc<dyn Receiver>,
}

impl InProcess {
    /// What it is called in traces.
    pub const SYSTEM: &str = "till";

    pub fn new(subscriptions: Vec<Subscription>, receiver: Arc<dyn Receiver>) -> Self {
        Self { subscriptions, receiver }
    }

    /// The longest wait that a consumer asks for, and why; a message that nobody takes is done.
    async fn hand_over(
        &self,
        message: &Message,
        audience: Audience<'_>,
        tries: i32,
    ) -> Option<(Duration, String)> {
        let queues: Vec<&str> = match audience {
            // Also one that is not there: the receiver gives up what is for nobody, and says so.
            Audience::Only(queue) => vec![queue],
            Audience::Everybody => {
                let takers = self.subscriptions.iter().filter(|queue| queue.takes(&message.topic));
                takers.map(|taker| taker.queue).collect()
            }
        };
        let received = queues.into_iter().map(|queue| self.receiver.receive(queue, message, tries));
        join_all(received)
            .await
            .into_iter()
            .filter_map(|settlement| match settlement {
                Settlement::Done => None,
                Settlement::Again { after, reason } => Some((after, reason)),
            })
            .max()
    }
}

impl Broker for InProcess {
    fn system(&self) -> &'static str {
        Self::SYSTEM
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    fn publish<'a>(
        &'a self,
        message: &'a Message,
        audience: Audience<'a>,
        tries: i32,
    ) -> BoxFuture<'a, Result<(), NotPublished>> {
        async move {
            match self.hand_over(message, audience, tries).await {
                None => Ok(()),
                Some((after, reason)) => Err(NotPublished::Again { after, reason }),
            }
        }
        .boxed()
    }
}
