//! Whether a webhook is one of ours, for a receiver that stands in the same process: it knows no secret by itself.

use scoped_futures::ScopedFutureExt;
use time::Duration;
use uuid::Uuid;

use super::Webhooks;
use crate::clients::webhook_sender::{SignedMessage, verifies};
use crate::domain::ids::{EventId, Id};
use crate::service::transact::read;
use crate::store::{StoreError, webhook_endpoints};

/// Farthest that the time of a webhook may be from now, as the specification's libraries have it.
const TOLERANCE: Duration = Duration::minutes(5);

/// A webhook as it came.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signatures: &'a str,
    pub body: &'a [u8],
}

/// Whether an endpoint that this event went to has a secret that signs it so, and now.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn is_ours(webhooks: &Webhooks, request: SignedRequest<'_>) -> Result<bool, StoreError> {
    let SignedRequest { id, timestamp, signatures, body } = request;
    let now = webhooks.services.ambient.now();
    let sent =
        timestamp.parse().ok().and_then(|at| time::OffsetDateTime::from_unix_timestamp(at).ok());
    let (Some(at), Ok(event)) = (sent, Uuid::try_parse(id)) else { return Ok(false) };
    // What is signed is the text; another spelling of the same time was not signed.
    if (now - at).abs() > TOLERANCE || at.unix_timestamp().to_string() != timestamp {
        return Ok(false);
    }
    let event = EventId::from_uuid(event);
    let sealed = read(&webhooks.services.pool, |conn| {
        webhook_endpoints::list_signing(conn, event, now).scope_boxed()
    })
    .await?;
    let secrets: Vec<_> = sealed
        .iter()
        .filter_map(|(endpoint, sealed)| webhooks.open_secret(*endpoint, sealed).ok())
        .collect();
    let message = SignedMessage { id, body, secrets: &secrets, at, trace_parent: None };
    Ok(verifies(&message, signatures))
}
