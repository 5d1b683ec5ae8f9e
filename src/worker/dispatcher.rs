//! Between the broker and one consumer: passes over copies, bounds a try, survives a panic, keeps what is given up.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use metrics::Label;
use tokio::time::{Instant, timeout};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::consumers::Consume;
use super::delivery::{Delivery, Failure, wait_after};
use crate::clients::broker::{Receiver, Settlement};
use crate::domain::message::Message;
use crate::service::dead_letters::{self, DeadLetter};
use crate::service::{Services, StoreError, inbox};
use crate::trace_context;

/// Longest time of one try; below the lease of a message in the outbox.
const TRY_WITHIN: Duration = Duration::from_secs(30);

/// Hands messages to the consumers of this process.
#[derive(Debug)]
pub(super) struct Dispatcher {
    services: Services,
    consumers: Vec<Arc<dyn Consume>>,
    /// What messages come by, as traces call it.
    system: &'static str,
}

impl Dispatcher {
    pub(super) fn new(
        services: Services,
        consumers: Vec<Arc<dyn Consume>>,
        system: &'static str,
    ) -> Self {
        Self { services, consumers, system }
    }

    /// Part of the trace that the message was published in, whichever process did it.
    fn span(&self, queue: &str, message: &Message, tries: i32) -> Span {
        let span = tracing::info_span!(
            parent: None,
            "worker.deliver",
            consumer = queue,
            topic = message.topic,
            message_id = %message.id,
            request_id = message.request_id,
            trace_id = Empty,
        );
        trace_context::add(&span, "messaging.system", self.system);
        trace_context::add(&span, "messaging.operation.name", "process");
        trace_context::add(&span, "messaging.operation.type", "process");
        trace_context::add(&span, "till.message.tries", i64::from(tries));
        trace_context::continue_carried(&span, message.trace_parent.as_deref());
        span
    }

    async fn try_once(&self, queue: &str, message: &Message, tries: i32) -> Settlement {
        let Some(consumer) = self.consumers.iter().find(|consumer| consumer.name() == queue) else {
            return self.give_up(queue, message, "this program has no such consumer", tries).await;
        };
        match inbox::is_settled(&self.services, queue, message.id).await {
            Ok(false) => {}
            Ok(true) => return count(queue, "copy", Settlement::Done),
            Err(error) => return again(queue, &error, wait_after(tries)),
        }
        if tries == 1 {
            self.tell_age(queue, message);
        }
        let began = Instant::now();
        let result = run(consumer.as_ref(), message).await;
        tell_duration(queue, began);
        match Delivery::of(result, tries) {
            Delivery::Ack => count(queue, "handled", Settlement::Done),
            Delivery::Retry { after, reason } => {
                tracing::warn!(tries, ?after, reason, "a message is tried again");
                count(queue, "retried", Settlement::Again { after, reason })
            }
            Delivery::DeadLetter { reason } => self.give_up(queue, message, &reason, tries).await,
        }
    }

    fn tell_age(&self, queue: &str, message: &Message) {
        if let Some(written_at) = message.id.written_at() {
            let age = (self.services.ambient.now() - written_at).as_seconds_f64().max(0.0);
            metrics::histogram!("till_message_age_seconds", "consumer" => queue.to_owned())
                .record(age);
        }
    }

    /// Where not even that can be written down, the message comes again.
    async fn give_up(
        &self,
        queue: &str,
        message: &Message,
        reason: &str,
        tries: i32,
    ) -> Settlement {
        let letter = DeadLetter { consumer: queue, message, reason, tries };
        match dead_letters::keep(&self.services, letter).await {
            Ok(first) => {
                trace_context::fail(&Span::current(), "dead_lettered");
                if first {
                    tracing::error!(tries, reason, "a message is given up");
                    metrics::counter!("till_dead_letters_total", "consumer" => queue.to_owned())
                        .increment(1);
                }
                count(queue, "dead", Settlement::Done)
            }
            Err(error) => again(queue, &error, wait_after(tries)),
        }
    }
}

/// In the names of OpenTelemetry's conventions for messaging.
fn tell_duration(queue: &str, began: Instant) {
    let labels = [
        Label::new("messaging_destination_name", queue.to_owned()),
        Label::from_static_parts("messaging_operation_name", "process"),
    ];
    let labels = labels.to_vec();
    metrics::histogram!("messaging_process_duration_seconds", labels).record(began.elapsed());
}

/// One try within its time; a panic is a failure like others.
async fn run(consumer: &dyn Consume, message: &Message) -> Result<(), Failure> {
    let guarded = AssertUnwindSafe(consumer.consume(message)).catch_unwind();
    match timeout(TRY_WITHIN, guarded).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(Failure::Temporary(words_of(&*panic).into())),
        Err(_elapsed) => Err(Failure::Temporary("it took too long".into())),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the consumer panicked: {}", text.unwrap_or("without words"))
}

fn again(queue: &str, error: &StoreError, after: Duration) -> Settlement {
    let reason = error.to_string();
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, ?after, "a message comes again: the database doesn't answer");
    count(queue, "retried", Settlement::Again { after, reason })
}

fn count(queue: &str, result: &'static str, settlement: Settlement) -> Settlement {
    metrics::counter!("till_deliveries_total", "consumer" => queue.to_owned(), "result" => result)
        .increment(1);
    settlement
}

/// A message that could not be handled is a failure of the span, whatever becomes of it.
async fn traced(work: impl Future<Output = Settlement>) -> Settlement {
    let settlement = work.await;
    if let Settlement::Again { .. } = settlement {
        trace_context::fail(&Span::current(), "retried");
    }
    settlement
}

impl Receiver for Dispatcher {
    fn receive<'a>(
        &'a self,
        queue: &'a str,
        message: &'a Message,
        tries: i32,
    ) -> BoxFuture<'a, Settlement> {
        let span = self.span(queue, message, tries);
        traced(self.try_once(queue, message, tries)).instrument(span).boxed()
    }

    fn bury<'a>(
        &'a self,
        queue: &'a str,
        message: &'a Message,
        reason: &'a str,
        tries: i32,
    ) -> BoxFuture<'a, Settlement> {
        let span = self.span(queue, message, tries);
        self.give_up(queue, message, reason, tries).instrument(span).boxed()
    }
}
