//! Tells the rest of the system what happened, in the transaction that made it happen.

use sqlx::PgConnection;

use super::Cause;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::store::{self, StoreError};

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
    let messages: Vec<_> = events
        .iter()
        .map(|event| store::outbox::NewMessage {
            id: ambient.id(),
            topic: event.topic(),
            payload: serde_json::json!(event),
            request_id: cause.request_id.clone(),
            trace_parent: cause.trace_parent.clone(),
        })
        .collect();
    store::outbox::insert(conn, &messages, ambient.now()).await
}
