//! How many messages wait in each queue of the broker, asked over a channel of its own; it takes none.

use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use metrics::gauge;
use tokio::time::interval;

use super::topology::Topology;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Records how long the queues are until it is dropped; one that the broker doesn't tell of is unknown until it does again.
pub(super) async fn follow(connection: &Connection, topology: &Topology) -> ! {
    let shown = Shown(topology.all());
    let mut line = Line { connection, channel: None };
    let mut looks = interval(EVERY);
    let mut is_told = false;
    loop {
        looks.tick().await;
        match line.look_at_all(&shown.0).await {
            Ok(()) => is_told = false,
            Err(error) if !is_told => {
                tracing::warn!(%error, "how long some of the broker's queues are isn't known");
                is_told = true;
            }
            Err(_again) => {}
        }
    }
}

/// A channel for looking, made anew where the broker has closed it, as it does when asked for a queue that is gone.
struct Line<'a> {
    connection: &'a Connection,
    channel: Option<Channel>,
}

impl Line<'_> {
    /// Shows every queue, whatever is wrong with the others; the error is the last one's.
    async fn look_at_all(&mut self, queues: &[(String, ShortString)]) -> Result<(), lapin::Error> {
        let mut outcome = Ok(());
        for (name, queue) in queues {
            match self.look(queue.clone()).await {
                Ok((messages, consumers)) => show(name, messages.into(), consumers.into()),
                Err(error) => {
                    self.channel = None;
                    show(name, f64::NAN, f64::NAN);
                    outcome = Err(error);
                }
            }
        }
        outcome
    }

    /// A declaration that declares nothing, and is answered with how the queue is.
    async fn look(&mut self, queue: ShortString) -> Result<(u32, u32), lapin::Error> {
        let channel = match self.channel.take() {
            Some(channel) => channel,
            None => self.connection.create_channel().await?,
        };
        let channel = self.channel.insert(channel);
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
        let found = channel.queue_declare(queue, options, FieldTable::default()).await?;
        Ok((found.message_count(), found.consumer_count()))
    }
}

fn show(queue: &str, messages: f64, consumers: f64) {
    gauge!("till_queue_messages", "queue" => queue.to_owned()).set(messages);
    gauge!("till_queue_consumers", "queue" => queue.to_owned()).set(consumers);
}

/// Queues whose figures are shown; from its end on they are not known, rather than what they last were.
struct Shown(Vec<(String, ShortString)>);

impl Drop for Shown {
    fn drop(&mut self) {
        for (name, _queue) in &self.0 {
            show(name, f64::NAN, f64::NAN);
        }
    }
}
