//! How many messages wait in each queue of the broker, asked over a channel of its own; it takes none.

use std::future::pending;
use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use metrics::gauge;
use tokio::time::interval;

use super::topology::Topology;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Records how long the queues are until it is dropped; once the broker doesn't tell, it is known no more.
pub(super) async fn follow(connection: &Connection, topology: &Topology) -> ! {
    let shown = Shown(topology.all());
    if let Err(error) = look_again_and_again(connection, &shown.0).await {
        tracing::warn!(%error, "how long the broker's queues are isn't known any more");
    }
    drop(shown);
    pending().await
}

async fn look_again_and_again(
    connection: &Connection,
    queues: &[(String, ShortString)],
) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let mut looks = interval(EVERY);
    loop {
        looks.tick().await;
        for (name, queue) in queues {
            let (messages, consumers) = look(&channel, queue.clone()).await?;
            show(name, f64::from(messages), f64::from(consumers));
        }
    }
}

/// A declaration that declares nothing, and is answered with how the queue is.
async fn look(channel: &Channel, queue: ShortString) -> Result<(u32, u32), lapin::Error> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
    let found = channel.queue_declare(queue, options, FieldTable::default()).await?;
    Ok((found.message_count(), found.consumer_count()))
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
