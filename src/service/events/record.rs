//! Remembers an event and writes its deliveries, in one transaction with the inbox row: once, however often the message comes.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use crate::domain::access::{Reach, Role};
use crate::domain::ambient::Ambient;
use crate::domain::event::{Concerned, Event, PastEvent};
use crate::domain::ids::{Id, PaymentId, UserId};
use crate::domain::message::Message;
use crate::service::Services;
use crate::service::transact::{AsStoreError, transact};
use crate::store::error::Constraint;
use crate::store::webhook_deliveries::NewDelivery;
use crate::store::{self, StoreError};
use crate::trace_context;

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
    NoSuchUser(UserId),
    #[error("there is no payment {0}")]
    NoSuchPayment(PaymentId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for RecordError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Timeless
            | Self::OtherTopic { .. }
            | Self::NoSuchUser(_)
            | Self::NoSuchPayment(_) => None,
        }
    }
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
    let happened_at = message.id.written_at().ok_or(RecordError::Timeless)?;
    transact(&services.pool, |conn| {
        async move {
            let past = PastEvent {
                id: message.id.as_uuid().into(),
                topic: event.topic().to_owned(),
                customer_id: customer_of(conn, event).await?,
                data: message.payload.get("data").cloned().unwrap_or_default(),
                trace_parent: trace_context::current_or(message.trace_parent.as_deref()),
                created_at: happened_at,
            };
            record_once(conn, &services.ambient, &past).await
        }
        .scope_boxed()
    })
    .await
}

async fn customer_of(conn: &mut PgConnection, event: &Event) -> Result<UserId, RecordError> {
    match event.concerns() {
        Concerned::User(user) => Ok(user),
        Concerned::PayerOf(id) => {
            let payment = store::payments::find(conn, id, Reach::Everyone).await?;
            Ok(payment.ok_or(RecordError::NoSuchPayment(id))?.customer_id)
        }
    }
}

async fn record_once(
    conn: &mut PgConnection,
    ambient: &Ambient,
    event: &PastEvent,
) -> Result<RecordOutcome, RecordError> {
    let (now, message) = (ambient.now(), event.id.as_uuid().into());
    // The event itself also tells a copy that comes when the inbox has forgotten it.
    let first = store::inbox::insert(conn, EVENTS, message, now).await?
        && insert_of_somebody(conn, event).await?;
    if !first {
        return Ok(RecordOutcome::RecordedBefore);
    }
    let staff = Role::staff_names();
    let hearing =
        store::webhook_endpoints::list_hearing(conn, &event.topic, event.customer_id, &staff);
    let deliveries: Vec<_> = hearing
        .await?
        .into_iter()
        .map(|endpoint| NewDelivery { id: ambient.id(), endpoint })
        .collect();
    store::webhook_deliveries::insert(conn, event.id, &deliveries, now).await?;
    Ok(RecordOutcome::Recorded { endpoints: deliveries.len() })
}

async fn insert_of_somebody(
    conn: &mut PgConnection,
    event: &PastEvent,
) -> Result<bool, RecordError> {
    store::events::insert(conn, event).await.map_err(|error| match error.constraint() {
        Some(Constraint::EventOfNobody) => RecordError::NoSuchUser(event.customer_id),
        _ => RecordError::Store(error),
    })
}
