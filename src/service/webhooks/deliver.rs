//! One try of one delivery: leased before, sent without a transaction, and what became of it written down after.

use scoped_futures::ScopedFutureExt;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::Webhooks;
use super::guards::{Admission, NotNow};
use super::settle::{Try, settle};
use crate::clients::webhook_sender::{NotTaken, SignedMessage, SigningSecret};
use crate::domain::access::Role;
use crate::domain::event::PastEvent;
use crate::domain::ids::{DeliveryId, LeaseToken};
use crate::domain::utc::Utc;
use crate::resilience::circuit_breaker::Health;
use crate::service::seal::SealError;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::outbox::Lease;
use crate::store::webhook_queue::{self as queue, Held, QueuedDelivery, Wanted};

/// Messages under way to one endpoint at a time, from one process.
pub const PLACES_OF_EACH: usize = 8;

/// Longer than one try takes at the most.
const LEASE: Duration = Duration::minutes(2);

/// How long what found all places taken waits.
const SHORT_WAIT: Duration = Duration::SECOND;

/// Why a try could not be made, or what became of it not be written down: it is made again when the lease is over.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Deliveries that were leased together.
#[derive(Debug)]
pub struct Batch {
    pub token: LeaseToken,
    pub deliveries: Vec<QueuedDelivery>,
}

/// Leases up to `limit` deliveries that are due, of each endpoint no more than are sent to it at a time.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn lease_due(webhooks: &Webhooks, limit: i64) -> Result<Batch, StoreError> {
    let services = &webhooks.services;
    let (now, token): (_, LeaseToken) = (services.ambient.now(), services.ambient.id());
    let (lease, staff) = (Lease { token, until: now + LEASE }, &Role::staff_names());
    let of_each_endpoint = i64::try_from(PLACES_OF_EACH).unwrap_or(limit);
    let wanted = Wanted { deliveries: limit, of_each_endpoint };
    let deliveries = read(&services.pool, move |conn| {
        async move {
            let leased = queue::lease_due(conn, lease, now, wanted).await?;
            if leased.is_empty() {
                return Ok(Vec::new());
            }
            queue::list_leased(conn, (&leased, token), staff, now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(Batch { token, deliveries })
}

/// Gives deliveries back as if they had not been leased.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn give_back(
    webhooks: &Webhooks,
    token: LeaseToken,
    deliveries: &[DeliveryId],
) -> Result<(), StoreError> {
    let services = &webhooks.services;
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        queue::update_given_back(conn, (deliveries, token), now).scope_boxed()
    })
    .await
}

/// Tries a leased delivery once, unless its owner may no longer hear of the event or the endpoint's circuit is open.
///
/// # Errors
/// [`DeliverError`].
#[tracing::instrument(
    name = "service.webhooks.deliver", skip_all,
    fields(delivery = %delivery.id, endpoint = %delivery.endpoint, event = %delivery.event.id)
)]
pub async fn deliver(
    webhooks: &Webhooks,
    token: LeaseToken,
    delivery: &QueuedDelivery,
) -> Result<(), DeliverError> {
    let held = Held { id: delivery.id, token };
    if !delivery.wanted {
        return Ok(give_up_untried(webhooks, held).await?);
    }
    let admission = match webhooks.guards.admit(delivery.endpoint).await {
        Ok(admission) => admission,
        Err(not_now) => return Ok(put_off(webhooks, held, delivery, not_now).await?),
    };
    let (at, result) = send(webhooks, delivery, admission).await?;
    let outcome = if result.is_ok() { "delivered" } else { "not_taken" };
    metrics::counter!("till_webhook_tries_total", "result" => outcome).increment(1);
    if let Err(reason) = &result {
        tracing::debug!(%reason, tries = delivery.tries + 1, "an endpoint did not take an event");
    }
    Ok(settle(webhooks, Try { held, delivery, at, result }).await?)
}

async fn send(
    webhooks: &Webhooks,
    delivery: &QueuedDelivery,
    admission: Admission,
) -> Result<(OffsetDateTime, Result<u16, NotTaken>), SealError> {
    let sealed = std::iter::once(&delivery.secret).chain(&delivery.old_secret);
    let secrets: Vec<SigningSecret> = sealed
        .map(|sealed| webhooks.open_secret(delivery.endpoint, sealed))
        .collect::<Result<_, _>>()?;
    let (id, body) = (delivery.event.id.to_string(), body(&delivery.event));
    let at = webhooks.services.ambient.now();
    let trace_parent = delivery.event.trace_parent.as_deref();
    let message = SignedMessage { id: &id, body: &body, secrets: &secrets, at, trace_parent };
    let result = webhooks.sender.send(delivery.url.as_url(), &message).await;
    admission.permit.end(match &result {
        // An endpoint that refuses one event may well take another.
        Ok(_) | Err(NotTaken::Answered { status: 300..=428 | 430..=499, .. }) => Health::Good,
        Err(_) => Health::Bad,
    });
    Ok((webhooks.services.ambient.now(), result))
}

/// What an endpoint is sent: the same bytes at every try.
fn body(event: &PastEvent) -> Vec<u8> {
    let body = json!({
        "id": event.id,
        "type": event.topic,
        "timestamp": Utc(event.created_at).to_string(),
        "data": event.data,
    });
    body.to_string().into_bytes()
}

async fn give_up_untried(webhooks: &Webhooks, held: Held) -> Result<(), StoreError> {
    let services = &webhooks.services;
    let now = services.ambient.now();
    let reason = "the endpoint's owner may no longer hear of this event";
    read(&services.pool, |conn| queue::update_failed(conn, held, reason, now).scope_boxed()).await
}

/// With an open circuit, all that waits for the endpoint waits until it is probed.
async fn put_off(
    webhooks: &Webhooks,
    held: Held,
    delivery: &QueuedDelivery,
    not_now: NotNow,
) -> Result<(), StoreError> {
    let services = &webhooks.services;
    let now = services.ambient.now();
    let (until, open) = match not_now {
        NotNow::Open(circuit) => (now + circuit.retry_after, true),
        NotNow::Full(_) => (now + SHORT_WAIT, false),
    };
    let ids = [held.id];
    let (endpoint, ids) = (delivery.endpoint, &ids);
    read(&services.pool, move |conn| {
        async move {
            queue::update_given_back(conn, (ids, held.token), until).await?;
            if open {
                queue::update_put_off(conn, endpoint, until).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}
