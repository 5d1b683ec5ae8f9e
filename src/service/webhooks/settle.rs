//! What a try means for its delivery, and for its endpoint: in one transaction, compared with the lease. The endpoint's row is
//! locked before the delivery's, as everywhere.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::clients::webhook_sender::NotTaken;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::webhook::{Circuit, DisabledReason, FailedTry, WebhookEndpoint};
use crate::service::outbox::publish;
use crate::service::transact::transact;
use crate::service::{Cause, Services};
use crate::store::webhook_queue::{self as queue, Held, Next, QueuedDelivery, Tried};
use crate::store::{StoreError, webhook_deliveries, webhook_endpoints};

/// The answer of an endpoint that wants no more, ever.
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

pub(super) async fn settle(services: &Services, tried: Try<'_>) -> Result<(), StoreError> {
    let (tried, ambient) = (&tried, &services.ambient);
    transact(&services.pool, move |conn| {
        async move {
            match &tried.result {
                Ok(status) => settle_taken(conn, tried, *status).await,
                Err(reason) => settle_failure(conn, ambient, tried, reason).await,
            }
        }
        .scope_boxed()
    })
    .await
}

async fn settle_taken(
    conn: &mut PgConnection,
    tried: &Try<'_>,
    status: u16,
) -> Result<(), StoreError> {
    let delivery = tried.delivery;
    webhook_endpoints::update_closed(conn, (delivery.endpoint, &delivery.url), tried.held).await?;
    let outcome = Tried { at: tried.at, status_code: Some(status), error: None };
    queue::update_tried(conn, tried.held, outcome, Next::Delivered).await.map(drop)
}

async fn settle_failure(
    conn: &mut PgConnection,
    ambient: &Ambient,
    tried: &Try<'_>,
    reason: &NotTaken,
) -> Result<(), StoreError> {
    let found = webhook_endpoints::find_for_update(conn, tried.delivery.endpoint).await?;
    let Some(mut endpoint) = found else { return Ok(()) };
    // What went to another address says nothing of the one that it leads to now.
    let present = endpoint.url == tried.delivery.url;
    let gone = present && status_of(reason) == Some(GONE);
    let next = next_try(ambient, tried, reason).filter(|_| !gone).map_or(Next::Failed, Next::Again);
    let error = reason.to_string();
    let outcome = Tried { at: tried.at, status_code: status_of(reason), error: Some(&error) };
    if !queue::update_tried(conn, tried.held, outcome, next).await? || !present {
        return Ok(());
    }
    endpoint.circuit =
        if is_bad(reason) { endpoint.circuit.after_failure(tried.at) } else { Circuit::default() };
    let hopeless = match next {
        Next::Failed if gone => Some(DisabledReason::Gone),
        Next::Failed if took_nothing(conn, tried).await? => Some(DisabledReason::Failing),
        Next::Failed | Next::Again(_) | Next::Delivered => None,
    };
    match hopeless.filter(|_| endpoint.disabled.is_none()) {
        Some(reason) => disable(conn, ambient, endpoint, reason).await,
        None => webhook_endpoints::update(conn, &endpoint).await,
    }
}

fn status_of(reason: &NotTaken) -> Option<u16> {
    match reason {
        NotTaken::Answered { status, .. } => Some(*status),
        NotTaken::Refused(_)
        | NotTaken::TimedOut(_)
        | NotTaken::NoConnection
        | NotTaken::Broken => None,
    }
}

/// Whether it speaks against the endpoint: one that refuses an event may well take another.
fn is_bad(reason: &NotTaken) -> bool {
    status_of(reason).is_none_or(|status| status == 429 || status >= 500)
}

/// `None` where there is no next one.
fn next_try(ambient: &Ambient, tried: &Try<'_>, reason: &NotTaken) -> Option<OffsetDateTime> {
    let wished = match reason {
        NotTaken::Answered { wished, .. } => *wished,
        NotTaken::Refused(_)
        | NotTaken::TimedOut(_)
        | NotTaken::NoConnection
        | NotTaken::Broken => None,
    };
    let before = u32::try_from(tried.delivery.round_tries).unwrap_or(u32::MAX);
    let failed = FailedTry {
        tries: before.saturating_add(1),
        begun_at: tried.delivery.begun_at.unwrap_or(tried.at),
        now: tried.at,
        wished,
        jitter: u16::from_be_bytes(ambient.bytes()),
    };
    failed.next()
}

/// Whether the endpoint took nothing at all while this delivery was tried.
async fn took_nothing(conn: &mut PgConnection, tried: &Try<'_>) -> Result<bool, StoreError> {
    let since = tried.delivery.begun_at.unwrap_or(tried.at);
    Ok(!webhook_deliveries::any_delivered(conn, tried.delivery.endpoint, since).await?)
}

async fn disable(
    conn: &mut PgConnection,
    ambient: &Ambient,
    mut endpoint: WebhookEndpoint,
    reason: DisabledReason,
) -> Result<(), StoreError> {
    let since = ambient.now();
    endpoint.disabled = Some(reason);
    endpoint.version += 1;
    endpoint.updated_at = since;
    webhook_endpoints::update(conn, &endpoint).await?;
    // Nobody asked for it: an id of its own stands where a request's would.
    let cause = Cause { request_id: ambient.uuid().to_string(), trace_parent: None };
    let (endpoint_id, customer_id) = (endpoint.id, endpoint.owner_id);
    let event = Event::WebhookEndpointDisabled { endpoint_id, customer_id, reason, since };
    let reason = reason.as_str();
    tracing::info!(endpoint = %endpoint_id, reason, "a webhook endpoint is disabled");
    metrics::counter!("till_webhook_endpoints_disabled_total", "reason" => reason).increment(1);
    publish(conn, ambient, &cause, &[event]).await
}
