//! From the outbox to the broker: leases what is due, publishes it outside any transaction, writes down what came of it.
//!
//! A slow message holds up no other: each has a place of its own, and the next ones are leased for the places that
//! are free. Busy, it looks every few milliseconds; idle, up to [`LONGEST_PAUSE`] apart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use super::DrainError;
use super::delivery::wait_after;
use super::trouble::Trouble;
use crate::clients::broker::{Audience, Broker, NotPublished};
use crate::domain::ids::{LeaseToken, MessageId};
use crate::domain::message::Message;
use crate::service::outbox::{self, Batch, Later, LeasedMessage};
use crate::service::{Services, StoreError};
use crate::trace_context;

/// Messages under way at a time.
const PLACES: usize = 256;
/// Messages leased, or written down, by one statement.
const BATCH: usize = 100;
/// Pauses between two looks at the outbox.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// How long a stop waits for what is under way before the rest is given back; a fifth of the time to stop is
/// the background's.
const FINISH_WITHIN: Duration = Duration::from_secs(3);

/// Sends the outbox's messages on.
#[derive(Debug)]
pub(super) struct Relay {
    services: Services,
    broker: Arc<dyn Broker>,
}

/// What came of one message, by its row.
type Published = (MessageId, i32, Result<(), NotPublished>);

impl Relay {
    pub(super) fn new(services: Services, broker: Arc<dyn Broker>) -> Self {
        Self { services, broker }
    }

    /// Until told to stop; what is under way then is finished or given back.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(PLACES));
        let under_way = TaskTracker::new();
        let mut trouble = Trouble::new("the outbox relay");
        let mut pause = SHORTEST_PAUSE;
        while let Some(free) = stop.run_until_cancelled(self.place(&places)).await.flatten() {
            pause = match outbox::lease_due(&self.services, rows(free.num_permits())).await {
                Ok(batch) => {
                    trouble.over();
                    let pause = pause_after(pause, batch.messages.len(), free.num_permits());
                    if !batch.messages.is_empty() {
                        let relay = Arc::clone(&self);
                        let stop = stop.clone();
                        under_way
                            .spawn(async move { relay.send_on(batch, Some(free), &stop).await });
                    }
                    pause
                }
                Err(error) => trouble.failed(&error),
            };
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        under_way.close();
        under_way.wait().await;
    }

    /// Sends on all that is due, and what becomes due by that; how many messages.
    pub(super) async fn drain(&self) -> Result<usize, DrainError> {
        let mut sent = 0;
        loop {
            let batch = outbox::lease_due(&self.services, rows(BATCH)).await?;
            let (leased, never) = (batch.messages.len(), CancellationToken::new());
            if leased == 0 {
                return Ok(sent);
            }
            if self.send_on(batch, None, &never).await < leased {
                return Err(DrainError::BrokerAway);
            }
            sent += leased;
        }
    }

    /// Places for the next messages, once there is a broker to take them.
    async fn place(&self, places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        self.broker.ready().await;
        let mut free = Arc::clone(places).acquire_owned().await.ok()?;
        let more = u32::try_from(places.available_permits().min(BATCH - 1)).unwrap_or(0);
        if let Ok(more) = Arc::clone(places).try_acquire_many_owned(more) {
            free.merge(more);
        }
        Some(free)
    }

    /// [`Relay::publish_all`] as a trace of its own, since a batch joins the messages of many.
    async fn send_on(
        &self,
        batch: Batch,
        places: Option<OwnedSemaphorePermit>,
        stop: &CancellationToken,
    ) -> usize {
        let span = batch_span(&batch.messages);
        self.publish_all(batch, places, stop).instrument(span).await
    }

    /// Publishes a batch; each message's place is free once it is known what came of it. How many the broker
    /// was there for.
    async fn publish_all(
        &self,
        batch: Batch,
        mut places: Option<OwnedSemaphorePermit>,
        stop: &CancellationToken,
    ) -> usize {
        let Batch { token, messages } = batch;
        let mut open: Vec<MessageId> = messages.iter().map(|leased| leased.row).collect();
        // What was leased for a place is there; the places that were not needed are given up.
        let spare = places.as_ref().map_or(0, |places| places.num_permits() - open.len());
        drop(places.as_mut().and_then(|places| places.split(spare)));
        let publishing: FuturesUnordered<_> =
            messages.into_iter().map(|leased| self.publish(leased)).collect();
        let mut publishing = publishing.ready_chunks(BATCH);
        let mut give_up = std::pin::pin!(async {
            stop.cancelled().await;
            sleep(FINISH_WITHIN).await;
        });
        let (mut taken, mut writing) = (0, FuturesUnordered::new());
        loop {
            // Beside each other, since an in-process consumer may hold what writing down waits for: a connection.
            let chunk = tokio::select! {
                chunk = publishing.next() => chunk,
                Some(written) = writing.next() => {
                    note(written);
                    continue;
                }
                () = &mut give_up => None,
            };
            let Some(chunk) = chunk else { break };
            open.retain(|id| !chunk.iter().any(|(settled, ..)| settled == id));
            taken += chunk.iter().filter(|(.., came)| *came != Err(NotPublished::Away)).count();
            drop(places.as_mut().and_then(|places| places.split(chunk.len())));
            writing.push(self.write_down(token, chunk));
        }
        drop(publishing);
        while let Some(written) = writing.next().await {
            note(written);
        }
        if !open.is_empty() {
            note(outbox::give_back(&self.services, token, &open).await);
        }
        taken
    }

    /// Publishes one message, as a span of the trace that caused it; whoever takes it continues that span.
    async fn publish(&self, mut leased: LeasedMessage) -> Published {
        let span = self.message_span(&leased.message);
        let publishing = async {
            let carried = leased.message.trace_parent.take();
            leased.message.trace_parent = trace_context::current_or(carried.as_deref());
            let audience = leased.consumer.as_deref().map_or(Audience::Everybody, Audience::Only);
            let published = self.broker.publish(&leased.message, audience, leased.tries).await;
            if published.is_err() {
                trace_context::fail(&Span::current(), "not_published");
            }
            (leased.row, leased.tries, published)
        };
        publishing.instrument(span).await
    }

    fn message_span(&self, message: &Message) -> Span {
        let span = debug_span!(
            "worker.publish",
            otel.kind = "producer",
            messaging.system = self.broker.system(),
            messaging.operation.name = "publish",
            messaging.operation.type = "send",
            messaging.destination.name = message.topic,
            messaging.message.id = %message.id,
            request_id = message.request_id,
            trace_id = Empty,
        );
        trace_context::continue_carried(&span, message.trace_parent.as_deref());
        span
    }

    async fn write_down(&self, token: LeaseToken, chunk: Vec<Published>) -> Result<(), StoreError> {
        let (mut sent, mut away) = (Vec::new(), Vec::new());
        for (message, tries, published) in chunk {
            let (after, reason) = match published {
                Ok(()) => {
                    sent.push(message);
                    continue;
                }
                Err(NotPublished::Away) => {
                    away.push(message);
                    continue;
                }
                Err(NotPublished::Again { after, reason }) => (after, reason),
                Err(NotPublished::Refused(reason)) => {
                    tracing::error!(%message, tries, reason, "the broker refuses a message");
                    (wait_after(tries), reason)
                }
            };
            count("postponed", 1);
            let after = after.try_into().unwrap_or(time::Duration::MINUTE);
            let later = Later { message, after, reason: &reason };
            outbox::postpone(&self.services, token, later).await?;
        }
        count("sent", sent.len());
        if !sent.is_empty() {
            outbox::mark_sent(&self.services, token, &sent).await?;
        }
        count("given_back", away.len());
        if !away.is_empty() {
            outbox::give_back(&self.services, token, &away).await?;
        }
        Ok(())
    }
}

/// Linked with the trace of every message in it; none where no message's trace is recorded.
fn batch_span(messages: &[LeasedMessage]) -> Span {
    let carried = || messages.iter().map(|leased| leased.message.trace_parent.as_deref());
    if !carried().any(trace_context::is_recorded) {
        return Span::none();
    }
    let count = rows(messages.len());
    let span = debug_span!(parent: None, "worker.relay", messaging.batch.message_count = count);
    for trace_parent in carried().flatten() {
        trace_context::link(&span, trace_parent);
    }
    span
}

/// A message whose fate could not be written down is sent again when its lease is over.
fn note(written: Result<(), StoreError>) {
    if let Err(error) = written {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "what became of messages isn't written down: copies will follow");
    }
}

fn count(result: &'static str, messages: usize) {
    let messages = u64::try_from(messages).unwrap_or(u64::MAX);
    metrics::counter!("till_outbox_messages_total", "result" => result).increment(messages);
}

fn rows(places: usize) -> i64 {
    i64::try_from(places).unwrap_or(i64::MAX)
}

/// None while there is more to take, short while something comes, longer and longer while nothing does.
fn pause_after(last: Duration, found: usize, wanted: usize) -> Duration {
    if found == wanted {
        Duration::ZERO
    } else if found > 0 {
        SHORTEST_PAUSE
    } else {
        (last * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }
}
