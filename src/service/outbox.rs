//! Tells the rest of the system what happened, in the transaction that made it happen; and lends the messages to whoever sends them on.
//!
//! A message is leased, sent without a transaction, and marked. A lease that was lost changes nothing any more:
//! the message is then somebody else's, and consumers recognise the copy.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;
use time::Duration;

use super::transact::read;
use super::{Cause, Services};
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::ids::{LeaseToken, MessageId};
use crate::resilience::fail_point;
use crate::store::{self, StoreError};

pub use crate::store::outbox::LeasedMessage;

/// Writes one outbox message for each event.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn publish(
    conn: &mut PgConnection,
    ambient: &Ambient,
    cause: &Cause,
    events: &[Event],
) -> Result<(), StoreError> {
    let caused = events.iter().map(|event| Caused { cause, event: event.clone() });
    publish_all(conn, ambient, caused).await
}

/// An event and what caused it.
#[derive(Debug, Clone)]
pub struct Caused<'a> {
    pub cause: &'a Cause,
    pub event: Event,
}

/// The same for events of which each has a cause of its own.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn publish_all(
    conn: &mut PgConnection,
    ambient: &Ambient,
    events: impl Iterator<Item = Caused<'_>>,
) -> Result<(), StoreError> {
    let messages: Vec<_> = events
        .map(|Caused { cause, event }| store::outbox::NewMessage {
            id: ambient.id(),
            topic: event.topic(),
            payload: serde_json::json!(event),
            request_id: cause.request_id.clone(),
            trace_parent: cause.trace_parent.clone(),
        })
        .collect();
    store::outbox::insert(conn, &messages, ambient.now()).await
}

/// Writes a message between our own parts: an errand, which is no event for others.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn send(
    conn: &mut PgConnection,
    ambient: &Ambient,
    cause: &Cause,
    (topic, payload): (&'static str, serde_json::Value),
) -> Result<(), StoreError> {
    let message = store::outbox::NewMessage {
        id: ambient.id(),
        topic,
        payload,
        request_id: cause.request_id.clone(),
        trace_parent: cause.trace_parent.clone(),
    };
    store::outbox::insert(conn, &[message], ambient.now()).await
}

/// How long a message is somebody's to send on; longer than any consumer may take.
pub const LEASE: Duration = Duration::seconds(60);

/// Messages that were leased together.
#[derive(Debug)]
pub struct Batch {
    pub token: LeaseToken,
    pub messages: Vec<LeasedMessage>,
}

/// Leases up to `limit` messages that are due.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn lease_due(services: &Services, limit: i64) -> Result<Batch, StoreError> {
    let ambient = &services.ambient;
    let now = ambient.now();
    let lease = store::outbox::Lease { token: ambient.id(), until: now + LEASE };
    let messages = read(&services.pool, |conn| {
        store::outbox::lease_due(conn, lease, now, limit).scope_boxed()
    })
    .await?;
    Ok(Batch { token: lease.token, messages })
}

/// Marks messages as sent; those of another lease are left alone.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn mark_sent(
    services: &Services,
    token: LeaseToken,
    messages: &[MessageId],
) -> Result<(), StoreError> {
    fail_point::here("outbox.published");
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        store::outbox::update_sent(conn, messages, token, now).scope_boxed()
    })
    .await
}

/// When a message may be tried again, and why it must be.
#[derive(Debug, Clone, Copy)]
pub struct Later<'a> {
    pub message: MessageId,
    pub after: Duration,
    pub reason: &'a str,
}

/// Lets a message be tried again after a while.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn postpone(
    services: &Services,
    token: LeaseToken,
    later: Later<'_>,
) -> Result<(), StoreError> {
    let Later { message, after, reason } = later;
    let due_at = services.ambient.now() + after;
    let postponement = store::outbox::Postponement { message, token, due_at, reason };
    read(&services.pool, |conn| store::outbox::update_postponed(conn, postponement).scope_boxed())
        .await
}

/// Gives messages back as if they had not been leased.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn give_back(
    services: &Services,
    token: LeaseToken,
    messages: &[MessageId],
) -> Result<(), StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        store::outbox::update_given_back(conn, messages, token, now).scope_boxed()
    })
    .await
}

/// How far behind the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Messages that wait to be sent, counted up to [`MOST_COUNTED`].
    pub unsent: i64,
    /// Age of the oldest of them.
    pub oldest: Duration,
}

/// Where a backlog is too long to be worth an exact number.
pub const MOST_COUNTED: i64 = 100_000;

/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn measure_lag(services: &Services) -> Result<Lag, StoreError> {
    let backlog =
        read(&services.pool, |conn| store::outbox::find_backlog(conn, MOST_COUNTED).scope_boxed())
            .await?;
    let age = |since: time::OffsetDateTime| (services.ambient.now() - since).max(Duration::ZERO);
    Ok(Lag { unsent: backlog.unsent, oldest: backlog.oldest.map_or(Duration::ZERO, age) })
}
