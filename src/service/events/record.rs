//! Remembers an event and writes its deliveries, in one transaction with the inbox row: once, however often the message comes.

use scoped_futures::ScopedFutureExt;
use time::OffsetDateTime;

use crate::domain::access::Role;
use crate::domain::event::{Event, PastEvent};
use crate::domain::ids::{Id, MessageId, UserId};
use crate::domain::message::Message;
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::error::Constraint;
use crate::store::webhook_deliveries::NewDelivery;
use crate::store::{self, StoreError};

/// The consumer's name.
pub const EVENTS: &str = "events";

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordOutcome {
    Recorded {
        /// How many endpoints are told.
        endpoints: usize,
    },
    RecordedBefore,
}

/// Why an event isn't remembered.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// No try will find one.
    #[error("the id of the message holds no time")]
    Timeless,
    /// It was written under another topic.
    #[error("it tells of {topic}")]
    OtherTopic { topic: &'static str },
    #[error("there is no user {0}")]
    NoSuchCustomer(UserId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The event is remembered as the message tells it, with members that this program may not know.
///
/// # Errors
/// [`RecordError`]; nothing is remembered.
#[tracing::instrument(name = "service.events.record", skip_all)]
pub async fn record(
    services: &Services,
    message: &Message,
    event: &Event,
) -> Result<RecordOutcome, RecordError> {
    if event.topic() != message.topic {
        return Err(RecordError::OtherTopic { topic: event.topic() });
    }
    let past = PastEvent {
        id: message.id.as_uuid().into(),
        topic: event.topic().to_owned(),
        customer_id: event.customer(),
        data: message.payload.get("data").cloned().unwrap_or_default(),
        trace_parent: message.trace_parent.clone(),
        created_at: written_at(message.id).ok_or(RecordError::Timeless)?,
    };
    let (past, staff) = (&past, &Role::staff_names());
    let outcome = transact::<_, StoreError, _>(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            // The event itself also tells a copy that comes when the inbox has forgotten it.
            let first = store::inbox::insert(conn, EVENTS, message.id, now).await?
                && store::events::insert(conn, past).await?;
            if !first {
                return Ok(RecordOutcome::RecordedBefore);
            }
            let (topic, customer) = (&past.topic, past.customer_id);
            let hearing =
                store::webhook_endpoints::list_hearing(conn, topic, customer, staff).await?;
            let deliveries: Vec<_> = hearing
                .into_iter()
                .map(|endpoint| NewDelivery { id: services.ambient.id(), endpoint })
                .collect();
            store::webhook_deliveries::insert(conn, past.id, &deliveries, now).await?;
            Ok(RecordOutcome::Recorded { endpoints: deliveries.len() })
        }
        .scope_boxed()
    })
    .await;
    outcome.map_err(|error| match error.constraint() {
        Some(Constraint::EventOfNobody) => RecordError::NoSuchCustomer(event.customer()),
        _ => RecordError::Store(error),
    })
}

/// When the message was written, and so when the event happened: `Ambient::id` keeps the time in the id.
fn written_at(id: MessageId) -> Option<OffsetDateTime> {
    let (seconds, nanos) = id.as_uuid().get_timestamp()?.to_unix();
    let second = OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()?;
    second.replace_nanosecond(nanos).ok()
}
