//! One try of one delivery: leased before, sent without a transaction, and what became of it written down after.

use scoped_futures::ScopedFutureExt;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;
use tracing::Span;

use super::Webhooks;
use super::settle::{Try, settle};
use crate::clients::webhook_sender::{NotTaken, SignedMessage, SigningSecret};
use crate::domain::access::Role;
use crate::domain::event::PastEvent;
use crate::domain::ids::{DeliveryId, LeaseToken};
use crate::domain::utc::Utc;
use crate::service::Services;
use crate::service::seal::SealError;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::outbox::Lease;
use crate::store::webhook_queue::{self as queue, Held, QueuedDelivery, Wanted};
use crate::trace_context;

/// Messages under way to one endpoint at a time, from all workers together.
const PLACES_OF_EACH: i64 = 8;
/// And to all endpoints of one owner.
const PLACES_OF_OWNER: i64 = 16;

/// Longer than one try takes at the most.
const LEASE: Duration = Duration::minutes(2);

/// Deliveries that were leased together.
#[derive(Debug)]
pub struct Batch {
    pub token: LeaseToken,
    pub deliveries: Vec<QueuedDelivery>,
}

/// Leases up to `limit` deliveries that are due, of each endpoint no more than it has places for. What can't be read is
/// given up.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn lease_due(webhooks: &Webhooks, limit: i64) -> Result<Batch, StoreError> {
    let services = &webhooks.services;
    let (now, token): (_, LeaseToken) = (services.ambient.now(), services.ambient.id());
    let (lease, staff) = (Lease { token, until: now + LEASE }, &Role::staff_names());
    let (of_each_endpoint, of_each_owner) = (PLACES_OF_EACH, PLACES_OF_OWNER);
    let wanted = Wanted { deliveries: limit, of_each_endpoint, of_each_owner };
    let leased = read::<_, StoreError, _>(&services.pool, move |conn| {
        queue::lease_due(conn, (lease, now), wanted, staff).scope_boxed()
    })
    .await?;
    for (id, error) in &leased.unbelievable {
        tracing::error!(%error, delivery = %id, "a webhook delivery can't be read and is given up");
        give_up(services, Held { id: *id, token }, "it can't be read").await?;
    }
    Ok(Batch { token, deliveries: leased.deliveries })
}

/// Gives a delivery back as if it had not been leased.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn give_back(
    webhooks: &Webhooks,
    token: LeaseToken,
    id: DeliveryId,
) -> Result<(), StoreError> {
    let services = &webhooks.services;
    let (held, now) = (Held { id, token }, services.ambient.now());
    read(&services.pool, |conn| queue::update_given_back(conn, held, now).scope_boxed()).await
}

/// Tries a leased delivery once, unless its owner may no longer hear of the event.
///
/// # Errors
/// [`StoreError`]: what became of the try isn't written down, and it is made again when the lease is over.
#[tracing::instrument(
    name = "service.webhooks.deliver", skip_all,
    fields(delivery = %delivery.id, endpoint = %delivery.endpoint, event = %delivery.event.id, trace_id)
)]
pub async fn deliver(
    webhooks: &Webhooks,
    token: LeaseToken,
    delivery: &QueuedDelivery,
) -> Result<(), StoreError> {
    trace_context::continue_carried(&Span::current(), delivery.event.trace_parent.as_deref());
    let held = Held { id: delivery.id, token };
    if !delivery.entitled {
        let reason = "the endpoint's owner may no longer hear of this event";
        return give_up(&webhooks.services, held, reason).await;
    }
    let secrets = match signing_secrets(webhooks, delivery) {
        Ok(secrets) => secrets,
        Err(error) => {
            tracing::error!(%error, "a webhook can't be signed and is given up");
            return give_up(&webhooks.services, held, "it can't be signed: rotate the secret")
                .await;
        }
    };
    let began = Instant::now();
    let (at, result) = send(webhooks, delivery, &secrets).await;
    let outcome = if result.is_ok() { "delivered" } else { "not_taken" };
    metrics::histogram!("till_webhook_try_duration_seconds", "result" => outcome)
        .record(began.elapsed());
    metrics::counter!("till_webhook_tries_total", "result" => outcome).increment(1);
    if let Err(reason) = &result {
        tracing::debug!(%reason, "an endpoint did not take an event");
    }
    settle(&webhooks.services, Try { held, delivery, at, result }).await
}

/// The present secret, then the old one where it still signs.
fn signing_secrets(
    webhooks: &Webhooks,
    delivery: &QueuedDelivery,
) -> Result<Vec<SigningSecret>, SealError> {
    let sealed = std::iter::once(&delivery.secret).chain(&delivery.old_secret);
    sealed.map(|sealed| webhooks.open_secret(delivery.endpoint, sealed)).collect()
}

async fn send(
    webhooks: &Webhooks,
    delivery: &QueuedDelivery,
    secrets: &[SigningSecret],
) -> (OffsetDateTime, Result<u16, NotTaken>) {
    let (id, body) = (delivery.event.id.to_string(), body(&delivery.event));
    let (at, ambient) = (webhooks.services.ambient.now(), &webhooks.services.ambient);
    let trace_parent = delivery.event.trace_parent.as_deref();
    let message = SignedMessage { id: &id, body: &body, secrets, at, trace_parent };
    let result = webhooks.sender.send(delivery.url.as_url(), &message).await;
    (ambient.now(), result)
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

async fn give_up(services: &Services, held: Held, reason: &str) -> Result<(), StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| queue::update_failed(conn, held, reason, now).scope_boxed()).await
}
