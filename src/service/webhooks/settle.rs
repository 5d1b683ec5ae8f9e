//! What a try means for its delivery, and for its endpoint: in one transaction, compared with the lease.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Webhooks;
use crate::clients::webhook_sender::NotTaken;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::webhook::{DisabledReason, FailedTry, WebhookEndpoint};
use crate::service::Cause;
use crate::service::outbox::publish;
use crate::service::transact::{read, transact};
use crate::store::webhook_queue::{self as queue, Held, Next, QueuedDelivery, Tried};
use crate::store::{StoreError, webhook_deliveries, webhook_endpoints};

/// The answer of an endpoint that wants no more, ever (410).
const GONE: u16 = 410;

/// A try that was made.
#[derive(Debug)]
pub(super) struct Try<'a> {
    pub held: Held,
    pub delivery: &'a QueuedDelivery,
    /// When its end was known.
    pub at: OffsetDateTime,
    /// The status by which it was taken, or why it was not.
    pub result: Result<u16, NotTaken>,
}

pub(super) async fn settle(webhooks: &Webhooks, tried: Try<'_>) -> Result<(), StoreError> {
    let services = &webhooks.services;
    match &tried.result {
        Ok(status) => {
            let outcome = Tried { at: tried.at, status_code: Some(*status), error: None };
            read::<_, StoreError, _>(&services.pool, |conn| {
                queue::update_tried(conn, tried.held, outcome, Next::Delivered).scope_boxed()
            })
            .await?;
        }
        Err(reason) => {
            let (tried, ambient) = (&tried, &services.ambient);
            transact(&services.pool, move |conn| {
                settle_failure(conn, ambient, tried, reason).scope_boxed()
            })
            .await?;
        }
    }
    Ok(())
}

async fn settle_failure(
    conn: &mut PgConnection,
    ambient: &Ambient,
    tried: &Try<'_>,
    reason: &NotTaken,
) -> Result<(), StoreError> {
    let (delivery, now) = (tried.delivery, tried.at);
    // The endpoint before its deliveries, as everywhere.
    let Some(endpoint) = webhook_endpoints::find_for_update(conn, delivery.endpoint).await? else {
        return Ok(());
    };
    let (status_code, wished) = match reason {
        NotTaken::Answered { status, wished } => (Some(*status), *wished),
        NotTaken::Refused(_)
        | NotTaken::TimedOut(_)
        | NotTaken::NoConnection
        | NotTaken::Broken => (None, None),
    };
    let failed = FailedTry {
        tries: u32::try_from(delivery.tries).unwrap_or(u32::MAX).saturating_add(1),
        begun_at: delivery.begun_at,
        now,
        wished,
        jitter: u16::from_be_bytes(ambient.bytes()),
    };
    let next =
        failed.next().filter(|_| status_code != Some(GONE)).map_or(Next::Failed, Next::Again);
    let error = reason.to_string();
    let outcome = Tried { at: now, status_code, error: Some(&error) };
    if !queue::update_tried(conn, tried.held, outcome, next).await? {
        return Ok(());
    }
    let hopeless = match next {
        Next::Failed if status_code == Some(GONE) => Some(DisabledReason::Gone),
        Next::Failed => {
            let taken = webhook_deliveries::any_delivered(conn, endpoint.id, delivery.begun_at);
            (!taken.await?).then_some(DisabledReason::Failing)
        }
        Next::Again(_) | Next::Delivered => None,
    };
    match hopeless.filter(|_| endpoint.disabled.is_none()) {
        Some(reason) => disable(conn, ambient, endpoint, reason).await,
        None => Ok(()),
    }
}

async fn disable(
    conn: &mut PgConnection,
    ambient: &Ambient,
    mut endpoint: WebhookEndpoint,
    reason: DisabledReason,
) -> Result<(), StoreError> {
    let now = ambient.now();
    endpoint.disabled = Some(reason);
    endpoint.updated_at = now;
    webhook_endpoints::update(conn, &endpoint).await?;
    let why = "the endpoint was disabled";
    webhook_deliveries::update_all_failed(conn, endpoint.id, why, now).await?;
    // Nobody asked for it: an id of its own stands where a request's would.
    let cause = Cause { request_id: ambient.uuid().to_string(), trace_parent: None };
    let event = Event::WebhookEndpointDisabled {
        endpoint_id: endpoint.id,
        customer_id: endpoint.owner_id,
        url: endpoint.url.as_str().to_owned(),
        reason,
    };
    tracing::info!(endpoint = %endpoint.id, reason = reason.as_str(), "a webhook endpoint is disabled");
    metrics::counter!("till_webhook_endpoints_disabled_total", "reason" => reason.as_str())
        .increment(1);
    publish(conn, ambient, &cause, &[event]).await
}
