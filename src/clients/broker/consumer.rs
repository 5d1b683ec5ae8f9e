//! Takes messages from the queues of one connection and acknowledges each after its effect; decides nothing about them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::select_all;
use lapin::Connection;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Broken;
use super::depth;
use super::rabbitmq::RabbitMq;
use super::wire::{self, Received};
use super::{Receiver, Settlement};

/// Messages of one queue under way at a time.
const PREFETCH: u16 = 16;
/// Pause before what could not be written down is tried again.
const BREATH: Duration = Duration::from_millis(500);

/// How long a stop waits for what is under way; the rest goes back to its queue.
pub(super) const FINISH_WITHIN: Duration = Duration::from_secs(3);

/// What a connection for consuming is served with.
#[derive(Clone, Copy)]
pub(super) struct Consuming<'a> {
    pub rabbit: &'a Arc<RabbitMq>,
    pub receiver: &'a Arc<dyn Receiver>,
    pub stop: &'a CancellationToken,
    /// Messages under way, also those of connections that are over.
    pub under_way: &'a TaskTracker,
}

impl Consuming<'_> {
    pub(super) async fn consume(self, connection: Connection) -> Result<(), Broken> {
        let channel = connection.create_channel().await?;
        // For each consumer that follows, not for the channel as a whole.
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let topology = self.rabbit.topology();
        let queues = topology.subscriptions.iter().map(|subscription| subscription.queue);
        let queues = queues.map(|consumer| topology.queue(consumer)).chain([topology.dead()]);
        let mut streams = Vec::new();
        for queue in queues {
            let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
            let stream = channel.basic_consume(queue.clone(), "".into(), options, none).await?;
            streams.push(stream.map(move |delivery| (queue.to_string(), delivery)));
        }
        let mut deliveries = select_all(streams);
        let (over, halt) = (CancellationToken::new(), CancellationToken::new());
        let mut measuring = pin!(depth::follow(&connection, topology));
        let ended = loop {
            let next = async {
                tokio::select! {
                    next = deliveries.next() => next,
                    never = measuring.as_mut() => never,
                }
            };
            match self.stop.run_until_cancelled(next).await {
                None => break Ok(()),
                Some(None) => break Err(Broken::Ended),
                Some(Some((_, Err(error)))) => break Err(error.into()),
                Some(Some((queue, Ok(delivery)))) => {
                    let at = Arriving {
                        rabbit: Arc::clone(self.rabbit),
                        receiver: Arc::clone(self.receiver),
                        over: over.clone(),
                    };
                    let settled = async move { at.settle(&queue, &delivery).await };
                    self.under_way.spawn(halt.clone().run_until_cancelled_owned(settled));
                }
            }
        };
        if ended.is_err() {
            // The effects go on; their acknowledgements would reach nobody, so copies follow and find them done.
            over.cancel();
            return ended;
        }
        self.under_way.close();
        if timeout(FINISH_WITHIN, self.under_way.wait()).await.is_err() {
            halt.cancel();
        }
        // What was not acknowledged goes back to its queue when the connection ends.
        drop(connection.close(200, "stopped".into()).await);
        ended
    }
}

/// One message that came.
struct Arriving {
    rabbit: Arc<RabbitMq>,
    receiver: Arc<dyn Receiver>,
    /// The connection that it came by is over.
    over: CancellationToken,
}

impl Arriving {
    async fn settle(&self, queue: &str, delivery: &Delivery) {
        let Received { message, tries, malformed } = wire::read(delivery);
        let topology = self.rabbit.topology();
        let (consumer, reason) = if queue == topology.dead().as_str() {
            let of = topology.consumer(delivery.routing_key.as_str()).unwrap_or("unknown");
            (of, Some(wire::death(delivery)))
        } else {
            (topology.consumer(queue).unwrap_or(queue), malformed)
        };
        let settlement = match &reason {
            None => self.receiver.receive(consumer, &message, tries).await,
            Some(reason) => self.bury(consumer, &message, reason, tries).await,
        };
        let told = async {
            if let Settlement::Again { after, .. } = settlement {
                let again = tries.saturating_add(1);
                while self.rabbit.delay(queue, &message, again, after).await.is_err() {
                    sleep(BREATH).await;
                }
            }
            delivery.ack(BasicAckOptions::default()).await
        };
        if let Some(Err(error)) = self.over.run_until_cancelled(told).await {
            tracing::debug!(%error, "an acknowledgement reached nobody: a copy follows");
        }
    }

    /// A message that nobody can handle has nowhere else to wait.
    async fn bury(
        &self,
        consumer: &str,
        message: &crate::domain::message::Message,
        reason: &str,
        tries: i32,
    ) -> Settlement {
        while self.receiver.bury(consumer, message, reason, tries).await != Settlement::Done {
            sleep(BREATH).await;
        }
        Settlement::Done
    }
}
