//! The demo customer's webhook endpoints, which lead to a receiver of this process; only `till up` has one.

use scoped_futures::ScopedFutureExt;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::examples;
use super::people::demo_customer;
use crate::domain::event::PastEvent;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::webhook::{
    Circuit, EndpointDescription, EndpointUrl, TopicFilter, WebhookEndpoint,
};
use crate::service::transact::transact;
use crate::service::webhooks::{WebhookError, Webhooks};
use crate::store::demo::webhooks::{self as rows, PastDelivery};

/// Lets the endpoints that the examples name lead to `receiver`; what is missing of them is made, with an event that was
/// delivered to the first.
///
/// # Errors
/// [`WebhookError`]; nothing has changed.
pub async fn point_endpoints_at(
    webhooks: &Webhooks,
    receiver: &EndpointUrl,
) -> Result<(), WebhookError> {
    let services = &webhooks.services;
    let now = services.ambient.now();
    let mut endpoints = Vec::new();
    for id in examples::ENDPOINTS.map(examples::endpoint) {
        endpoints.push((endpoint(id, receiver, now), webhooks.sealed_secret(id)?));
    }
    let (endpoints, event) = (&endpoints, &paid_an_hour_before(now));
    let first = examples::endpoint(examples::ENDPOINTS[0]);
    let delivery = PastDelivery { id: examples::delivery(), endpoint: first, at: event.created_at };
    transact(&services.pool, move |conn| {
        async move {
            for (endpoint, sealed) in endpoints {
                rows::upsert_endpoint(conn, endpoint, sealed).await?;
            }
            Ok(rows::insert_past(conn, event, delivery).await?)
        }
        .scope_boxed()
    })
    .await
}

/// One that hears of everything.
fn endpoint(id: WebhookEndpointId, url: &EndpointUrl, now: OffsetDateTime) -> WebhookEndpoint {
    WebhookEndpoint {
        id,
        owner_id: demo_customer(),
        url: url.clone(),
        url_since: now,
        description: EndpointDescription::default(),
        topics: TopicFilter::All,
        disabled: None,
        old_secret_until: None,
        circuit: Circuit::default(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn paid_an_hour_before(now: OffsetDateTime) -> PastEvent {
    PastEvent {
        id: examples::event(),
        topic: "order.paid".to_owned(),
        customer_id: demo_customer(),
        data: json!({ "orderId": examples::paid_order(), "customerId": demo_customer() }),
        trace_parent: None,
        created_at: now - Duration::HOUR,
    }
}
