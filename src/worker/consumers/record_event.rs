//! Remembers every event, and so tells the endpoints that want to hear of it.

use futures_util::future::{BoxFuture, FutureExt};

use super::{Consume, event};
use crate::domain::event::Event;
use crate::domain::message::Message;
use crate::service::Services;
use crate::service::events::{EVENTS, RecordError, RecordOutcome, record};
use crate::worker::delivery::Failure;

#[derive(Debug)]
pub(super) struct RecordEvent {
    services: Services,
}

impl RecordEvent {
    pub(super) fn new(services: Services) -> Self {
        Self { services }
    }

    async fn record(&self, message: &Message) -> Result<(), Failure> {
        let event = event(message)?;
        let outcome = record(&self.services, message, &event).await?;
        if matches!(outcome, RecordOutcome::Recorded { .. }) {
            metrics::counter!("till_events_total", "type" => event.topic()).increment(1);
        }
        tracing::debug!(?outcome, topic = event.topic(), "an event is remembered");
        Ok(())
    }
}

impl Consume for RecordEvent {
    fn name(&self) -> &'static str {
        EVENTS
    }

    fn topics(&self) -> &'static [&'static str] {
        &Event::TOPICS
    }

    fn consume<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        self.record(message).boxed()
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        match error {
            error @ (RecordError::Timeless
            | RecordError::OtherTopic { .. }
            | RecordError::NoSuchUser(_)
            | RecordError::NoSuchPayment(_)) => Self::Permanent(error.into()),
            RecordError::Store(error) => Self::Temporary(error.into()),
        }
    }
}
