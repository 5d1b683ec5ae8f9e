//! RabbitMQ behind the port: who publishes and who consumes share an address; each has a connection of its own.
//!
//! Two connections, because a broker that is short of memory stops reading from those that publish: acknowledgements
//! must still get through then.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use metrics::Label;
use secrecy::SecretString;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Address;
use super::publisher::{Line, Outgoing, Wish, publish_windows};
use super::topology::Topology;
use super::{Audience, Broker, NotPublished, Receiver, consumer, wire};
use crate::domain::message::Message;

/// Messages that wait for the next window.
const WAITING: usize = 1_024;

/// A broker that may be away; nothing is lost by that.
#[derive(Debug)]
pub struct RabbitMq {
    address: Address,
    line: watch::Sender<Line>,
    wishes: mpsc::Sender<Wish>,
    wished: Mutex<mpsc::Receiver<Wish>>,
}

impl RabbitMq {
    /// Connects to nothing yet.
    pub fn new(url: SecretString, topology: Topology) -> Self {
        let (wishes, wished) = mpsc::channel(WAITING);
        let address = Address { url, topology };
        Self { address, line: watch::Sender::new(Line::Away), wishes, wished: Mutex::new(wished) }
    }

    /// Whether messages can be published now.
    pub fn is_ready(&self) -> bool {
        *self.line.borrow() == Line::Ready
    }

    /// Keeps a line for publishing until told to stop.
    pub async fn keep_publishing(self: Arc<Self>, stop: CancellationToken) {
        let mut wished = self.wished.lock().await;
        let wished = Mutex::new(&mut *wished);
        let serve = |connection| async {
            let mut wished = wished.lock().await;
            let ended = publish_windows(connection, &mut wished, &self.line, &stop).await;
            self.line.send_replace(Line::Away);
            ended
        };
        self.address.serve_for_ever("till publisher", &stop, serve).await;
    }

    /// Takes messages from every queue until told to stop; what is under way then is finished.
    pub async fn keep_consuming(
        self: Arc<Self>,
        receiver: Arc<dyn Receiver>,
        stop: CancellationToken,
    ) {
        let under_way = TaskTracker::new();
        let at = consumer::Consuming {
            rabbit: &self,
            receiver: &receiver,
            stop: &stop,
            under_way: &under_way,
        };
        let serve = |connection| async move { at.consume(connection).await };
        self.address.serve_for_ever("till consumer", &stop, serve).await;
        // Where the line broke before the stop, some may still be under way.
        under_way.close();
        drop(timeout(consumer::FINISH_WITHIN, under_way.wait()).await);
    }

    pub(super) fn topology(&self) -> &Topology {
        &self.address.topology
    }

    /// Puts a message where it comes back from to this queue after so long.
    pub(super) async fn delay(
        &self,
        queue: &str,
        message: &Message,
        tries: i32,
        after: Duration,
    ) -> Result<(), NotPublished> {
        let outgoing = Outgoing {
            exchange: self.topology().delay(after),
            routing_key: queue.into(),
            mandatory: true,
            properties: wire::properties(message, tries),
            body: wire::body(message),
            id: message.id,
        };
        self.hand_over(outgoing).await
    }

    async fn hand_over(&self, outgoing: Outgoing) -> Result<(), NotPublished> {
        let mut line = self.line.subscribe();
        if *line.borrow_and_update() == Line::Away {
            return Err(NotPublished::Away);
        }
        let began = Instant::now();
        let (answer, outcome) = oneshot::channel();
        let handed = async {
            self.wishes.send(Wish { outgoing, answer }).await.ok()?;
            outcome.await.ok()
        };
        let outcome = tokio::select! {
            outcome = handed => outcome.unwrap_or(Err(NotPublished::Away)),
            _away = line.wait_for(|line| *line == Line::Away) => Err(NotPublished::Away),
        };
        measure(began, outcome.as_ref().err());
        outcome
    }
}

/// In the names of OpenTelemetry's conventions for messaging.
fn measure(began: Instant, error: Option<&NotPublished>) {
    let mut labels = vec![
        Label::from_static_parts("messaging_system", "rabbitmq"),
        Label::from_static_parts("messaging_operation_name", "publish"),
    ];
    let kind = error.map(|error| match error {
        NotPublished::Away => "away",
        NotPublished::Refused(_) | NotPublished::Again { .. } => "refused",
    });
    labels.extend(kind.map(|kind| Label::from_static_parts("error_type", kind)));
    metrics::histogram!("messaging_client_operation_duration_seconds", labels)
        .record(began.elapsed());
}

impl Broker for RabbitMq {
    fn system(&self) -> &'static str {
        "rabbitmq"
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        let mut line = self.line.subscribe();
        async move {
            // The sender lives as long as we do.
            drop(line.wait_for(|line| *line == Line::Ready).await);
        }
        .boxed()
    }

    fn publish<'a>(
        &'a self,
        message: &'a Message,
        audience: Audience<'a>,
        _tries: i32,
    ) -> BoxFuture<'a, Result<(), NotPublished>> {
        let topology = self.topology();
        let (exchange, routing_key, mandatory) = match audience {
            // A topic that nobody of this version takes may still have a taker of the next one.
            Audience::Everybody => {
                let taken = topology.is_taken(&message.topic);
                (topology.events(), message.topic.as_str().into(), taken)
            }
            // The default exchange knows each queue by its name.
            Audience::Only(consumer) => ("".into(), topology.queue(consumer), true),
        };
        let outgoing = Outgoing {
            exchange,
            routing_key,
            mandatory,
            properties: wire::properties(message, 1),
            body: wire::body(message),
            id: message.id,
        };
        self.hand_over(outgoing).boxed()
    }
}
