//! Publishes in windows: all that waits goes out at once, and the next window begins when each message of the last is confirmed.
//!
//! A message that no queue took comes back before its confirmation, which then reads like any other. The library
//! hands what came back to whichever confirmation comes next, not to its own, so a window is judged as a whole: by
//! the ids of all that came back in it.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::StreamExt;
use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection, Event};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::NotPublished;
use super::connection::Broken;
use crate::domain::ids::MessageId;

/// Messages in one window.
const WINDOW: usize = 256;
/// Longest wait for the confirmations of a window; below the lease of a message in the outbox.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(10);

/// How the line to the broker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Away,
    /// The broker is short of memory or disk and takes nothing for now.
    Blocked,
    Ready,
}

/// A message that is about to be published.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub exchange: ShortString,
    pub routing_key: ShortString,
    /// Whether it must come back when no queue takes it.
    pub mandatory: bool,
    pub properties: BasicProperties,
    pub body: Vec<u8>,
    pub id: MessageId,
}

/// Somebody who waits to hear that a message is safe.
#[derive(Debug)]
pub(super) struct Wish {
    pub outgoing: Outgoing,
    pub answer: oneshot::Sender<Result<(), NotPublished>>,
}

/// Publishes what is wished over this connection until it breaks (an error) or the stop.
pub(super) async fn publish_windows(
    connection: Connection,
    wished: &mut mpsc::Receiver<Wish>,
    line: &watch::Sender<Line>,
    stop: &CancellationToken,
) -> Result<(), Broken> {
    let events = connection.events_listener();
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    line.send_replace(Line::Ready);
    let windows = async {
        loop {
            publish_window(&channel, wished, line).await?;
        }
    };
    tokio::select! {
        broken = windows => broken,
        broken = watch_line(events, line) => Err(broken),
        () = stop.cancelled() => {
            // Nobody waits for an answer any more; one that fails changes nothing.
            drop(connection.close(200, "stopped".into()).await);
            Ok(())
        }
    }
}

/// Follows what the broker says about the line; returns when it is broken.
async fn watch_line(
    events: impl futures_util::Stream<Item = Event>,
    line: &watch::Sender<Line>,
) -> Broken {
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Event::ConnectionBlocked(reason) => {
                tracing::warn!(reason, "the broker takes nothing for now");
                line.send_replace(Line::Blocked);
            }
            Event::ConnectionUnblocked => {
                tracing::info!("the broker takes messages again");
                line.send_replace(Line::Ready);
            }
            Event::Error(error) => return error.into(),
            _ => {}
        }
    }
    Broken::Ended
}

async fn publish_window(
    channel: &Channel,
    wished: &mut mpsc::Receiver<Wish>,
    line: &watch::Sender<Line>,
) -> Result<(), Broken> {
    let mut window = Vec::new();
    if wished.recv_many(&mut window, WINDOW).await == 0 {
        return Err(Broken::Ended);
    }
    // Whoever waited in vain is gone: the message is in the outbox again.
    window.retain(|wish| !wish.answer.is_closed());
    let mut confirmations = Vec::with_capacity(window.len());
    for wish in &window {
        confirmations.push(publish(channel, &wish.outgoing).await?);
    }
    let mut all = std::pin::pin!(join_all(confirmations));
    let confirmed = match timeout(CONFIRMED_WITHIN, all.as_mut()).await {
        Ok(confirmed) => confirmed,
        // They will come when the broker reads again; until then nobody publishes.
        Err(_elapsed) if *line.borrow() == Line::Blocked => {
            drop(window);
            all.await;
            return Ok(());
        }
        Err(_elapsed) => return Err(Broken::Silent),
    };
    let mut broken = Ok(());
    let (mut kinds, mut returned) = (Vec::new(), BTreeSet::new());
    for confirmation in confirmed {
        match confirmation {
            Ok(confirmation) => {
                kinds.push(Some(confirmation.is_ack()));
                returned.extend(confirmation.take_message().as_ref().and_then(returned_id));
            }
            Err(error) => {
                kinds.push(None);
                broken = Err(error.into());
            }
        }
    }
    for (Wish { outgoing, answer }, kind) in window.into_iter().zip(kinds) {
        let unroutable = returned.contains(&outgoing.id.to_string());
        let outcome = match kind {
            _ if unroutable => Err(NotPublished::Refused("no queue takes it".to_owned())),
            Some(true) => Ok(()),
            Some(false) => Err(NotPublished::Refused("no queue could store it".to_owned())),
            None => Err(NotPublished::Away),
        };
        // Who has gone meanwhile finds the message in the outbox.
        drop(answer.send(outcome));
    }
    broken
}

async fn publish(
    channel: &Channel,
    outgoing: &Outgoing,
) -> Result<impl Future<Output = Result<Confirmation, lapin::Error>> + use<>, lapin::Error> {
    let options =
        BasicPublishOptions { mandatory: outgoing.mandatory, ..BasicPublishOptions::default() };
    let Outgoing { exchange, routing_key, body, properties, .. } = outgoing;
    let (exchange, routing_key) = (exchange.clone(), routing_key.clone());
    channel.basic_publish(exchange, routing_key, options, body, properties.clone()).await
}

fn returned_id(returned: &BasicReturnMessage) -> Option<String> {
    returned.delivery.properties.message_id().as_ref().map(ToString::to_string)
}
