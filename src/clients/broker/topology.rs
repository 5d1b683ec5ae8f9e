//! Every exchange and queue at RabbitMQ, declared in one place by whoever connects; it moves no message.
//!
//! ```text
//! till.events ──topic──► till.<consumer> ──more deliveries than allowed──► till.dead ──► till.dead
//!                              ▲
//! till.delay.<ms> ──► till.delay.<ms> ──after so long, by the default exchange
//! ```
//!
//! All queues are quorum queues, durable, and pass dead messages on at least once. A consumer that wants a message
//! again puts it into a delay queue, under its own queue's name as routing key.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use super::Subscription;

/// Deliveries that ended without a word, as by the death of a worker, before the broker gives a message up; its
/// own default differs by version.
const DELIVERY_LIMIT: i64 = 20;

/// The waits there are: those of a consumer's tries.
const DELAYS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(16),
    Duration::from_secs(64),
    Duration::from_secs(256),
    Duration::from_secs(1_024),
];

/// What there is at the broker.
#[derive(Debug, Clone)]
pub struct Topology {
    prefix: String,
    pub(super) subscriptions: Vec<Subscription>,
    delays: Vec<Duration>,
}

impl Topology {
    /// All names begin with the prefix, so that several services, or tests, may share a broker.
    pub fn new(prefix: &str, subscriptions: Vec<Subscription>) -> Self {
        Self { prefix: prefix.to_owned(), subscriptions, delays: DELAYS.to_vec() }
    }

    /// The same with other waits, the shortest first.
    #[must_use]
    pub fn with_delays(self, delays: Vec<Duration>) -> Self {
        Self { delays, ..self }
    }

    pub(super) fn events(&self) -> ShortString {
        format!("{}.events", self.prefix).into()
    }

    /// The exchange and the queue of messages that the broker gave up.
    pub(super) fn dead(&self) -> ShortString {
        format!("{}.dead", self.prefix).into()
    }

    pub(super) fn queue(&self, consumer: &str) -> ShortString {
        format!("{}.{consumer}", self.prefix).into()
    }

    /// The consumer whose queue this is.
    pub(super) fn consumer<'a>(&self, queue: &'a str) -> Option<&'a str> {
        queue.strip_prefix(self.prefix.as_str())?.strip_prefix('.')
    }

    /// The exchange whose messages come back after so long or a little later; the longest there is, if need be.
    pub(super) fn delay(&self, after: Duration) -> ShortString {
        let enough = self.delays.iter().find(|delay| **delay >= after);
        self.delay_name(*enough.or(self.delays.last()).unwrap_or(&after))
    }

    fn delay_name(&self, delay: Duration) -> ShortString {
        format!("{}.delay.{}", self.prefix, delay.as_millis()).into()
    }

    /// Every queue by the name that people know it by: its consumer's, `dead`, or `delay.` and the milliseconds.
    pub(super) fn all(&self) -> Vec<(String, ShortString)> {
        let consumers = self.subscriptions.iter().map(|subscription| subscription.queue);
        let consumers = consumers.map(|queue| (queue.to_owned(), self.queue(queue)));
        let delays = self
            .delays
            .iter()
            .map(|delay| (format!("delay.{}", delay.as_millis()), self.delay_name(*delay)));
        consumers.chain([("dead".to_owned(), self.dead())]).chain(delays).collect()
    }

    /// Whether anybody takes messages of this topic.
    pub(super) fn is_taken(&self, topic: &str) -> bool {
        self.subscriptions.iter().any(|subscription| subscription.takes(topic))
    }

    /// Declares everything; what is there already is left as it is.
    ///
    /// # Errors
    /// The connection broke, or something of that name is there and differs.
    pub(super) async fn declare(&self, channel: &Channel) -> Result<(), lapin::Error> {
        exchange(channel, self.events(), ExchangeKind::Topic).await?;
        exchange(channel, self.dead(), ExchangeKind::Fanout).await?;
        queue(channel, self.dead(), FieldTable::default()).await?;
        bind(channel, self.dead(), self.dead(), "").await?;
        for delay in &self.delays {
            let name = self.delay_name(*delay);
            exchange(channel, name.clone(), ExchangeKind::Fanout).await?;
            queue(channel, name.clone(), delayed(*delay)).await?;
            bind(channel, name.clone(), name, "").await?;
        }
        for subscription in &self.subscriptions {
            let name = self.queue(subscription.queue);
            queue(channel, name.clone(), self.bounded(&name)).await?;
            for topic in subscription.topics {
                bind(channel, name.clone(), self.events(), topic).await?;
            }
        }
        Ok(())
    }

    /// Whatever is delivered too often goes to the dead, under the name of the queue that it was in.
    fn bounded(&self, queue: &ShortString) -> FieldTable {
        let mut arguments = passes_dead_on_to(self.dead().as_str());
        arguments.insert("x-dead-letter-routing-key".into(), text(queue.as_str()));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
        arguments
    }
}

/// Back to the queue whose name is the routing key, by the default exchange.
fn delayed(delay: Duration) -> FieldTable {
    let mut arguments = passes_dead_on_to("");
    let milliseconds = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(milliseconds));
    arguments
}

/// At least once: a message leaves only when the next queue has it.
fn passes_dead_on_to(exchange: &str) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-dead-letter-exchange".into(), text(exchange));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    // What that strategy asks for; no queue here has a longest length.
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

async fn exchange(
    channel: &Channel,
    name: ShortString,
    kind: ExchangeKind,
) -> Result<(), lapin::Error> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name, kind, options, FieldTable::default()).await
}

async fn queue(
    channel: &Channel,
    name: ShortString,
    mut arguments: FieldTable,
) -> Result<(), lapin::Error> {
    arguments.insert("x-queue-type".into(), text("quorum"));
    channel.queue_declare(name, QueueDeclareOptions::durable(), arguments).await.map(drop)
}

async fn bind(
    channel: &Channel,
    queue: ShortString,
    exchange: ShortString,
    topic: &str,
) -> Result<(), lapin::Error> {
    let options = QueueBindOptions::default();
    channel.queue_bind(queue, exchange, topic.into(), options, FieldTable::default()).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Subscription, Topology};

    #[test]
    fn a_message_never_comes_back_before_it_is_wanted_unless_no_wait_is_long_enough() {
        let topology = Topology::new("t", Vec::new());
        let name = |seconds| topology.delay(Duration::from_secs(seconds)).to_string();
        assert_eq!(name(0), "t.delay.1000");
        assert_eq!(name(4), "t.delay.4000");
        assert_eq!(name(5), "t.delay.16000");
        assert_eq!(name(9_999), "t.delay.1024000");
    }

    #[test]
    fn a_queue_knows_its_consumer() {
        let subscriptions = vec![Subscription { queue: "mail", topics: &["user.created"] }];
        let topology = Topology::new("t.x", subscriptions);
        let queue = topology.queue("mail").to_string();
        assert_eq!(topology.consumer(&queue), Some("mail"));
        assert_eq!(topology.consumer("t.mail"), None);
        assert!(topology.is_taken("user.created") && !topology.is_taken("order.paid"));
    }
}
