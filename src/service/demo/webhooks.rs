//! The demo customer's webhook endpoints, which lead to a receiver of this process; only `till up` has one.

use scoped_futures::ScopedFutureExt;
use serde_json::json;
use time::Duration;

use super::examples;
use super::people::demo_customer;
use crate::domain::event::PastEvent;
use crate::domain::webhook::{EndpointDescription, EndpointUrl, TopicFilter, WebhookEndpoint};
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
    let described = ["Hears of everything", "To be removed"].map(EndpointDescription::parse);
    let mut endpoints = Vec::new();
    for (id, description) in examples::ENDPOINTS.map(examples::endpoint).into_iter().zip(described)
    {
        let endpoint = WebhookEndpoint {
            id,
            owner_id: demo_customer(),
            url: receiver.clone(),
            description: description.unwrap_or_default(),
            topics: TopicFilter::All,
            disabled: None,
            old_secret_until: None,
            created_at: now,
            updated_at: now,
        };
        endpoints.push((endpoint, webhooks.sealed_secret(id)?));
    }
    let happened_at = now - Duration::HOUR;
    let order_id = examples::paid_order();
    let event = PastEvent {
        id: examples::event(),
        topic: "order.paid".to_owned(),
        customer_id: demo_customer(),
        data: json!({ "orderId": order_id, "customerId": demo_customer() }),
        trace_parent: None,
        created_at: happened_at,
    };
    let endpoint = examples::endpoint(examples::ENDPOINTS[0]);
    let delivery = PastDelivery { id: examples::delivery(), endpoint, at: happened_at };
    let (endpoints, event) = (&endpoints, &event);
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
