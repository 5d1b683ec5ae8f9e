//! How endpoints and deliveries look on the wire; a secret is in the two answers that make one, and in no other.

use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::EntityTag;
use crate::api::problem::Problem;
use crate::api::representation::Representation;
use crate::api::timestamp::Timestamp;
use crate::domain::ids::Id;
use crate::domain::webhook::{Delivery, DisabledReason, WebhookEndpoint};
use crate::service::webhooks::EndpointWithSecret;

/// The name of an event, or `*`.
#[derive(Debug, ToSchema)]
#[schema(max_length = 64, pattern = r"^(\*|[a-z_]+\.[a-z_]+)$", example = "order.paid")]
pub struct EventName(pub String);

/// An address that is told of events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookEndpoint)]
pub struct WebhookEndpointBody {
    pub id: Uuid,
    #[schema(max_length = 2000)]
    pub url: String,
    /// Names of events, or `*` alone for all.
    #[schema(value_type = Vec<EventName>, max_items = 64)]
    pub events: Vec<String>,
    #[schema(max_length = 500)]
    pub description: String,
    /// `enabled` or `disabled`.
    #[schema(max_length = 16)]
    pub status: &'static str,
    /// Why it is disabled: `owner` (whoever owns it wished so), `gone` (it answered 410) or `failing` (it took nothing for
    /// three days).
    #[schema(max_length = 16)]
    pub disabled_reason: Option<&'static str>,
    /// Until when the secret before the present one signs, too.
    pub old_secret_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An endpoint with its new secret.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpointWithSecret)]
pub struct WebhookEndpointWithSecretBody {
    #[serde(flatten)]
    pub endpoint: WebhookEndpointBody,
    /// Signs what the endpoint is sent. It is shown this once.
    #[schema(max_length = 64, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwxDqZ2JyNq4k=")]
    pub secret: String,
}

/// One event on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookDelivery)]
pub struct WebhookDeliveryBody {
    pub id: Uuid,
    pub endpoint_id: Uuid,
    /// Also the `webhook-id` of every try.
    pub event_id: Uuid,
    #[schema(max_length = 64)]
    pub event_type: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(max_length = 16)]
    pub status: &'static str,
    pub tries: u32,
    /// When it is tried next; null once it is over.
    pub next_try_at: Option<Timestamp>,
    pub tried_at: Option<Timestamp>,
    /// HTTP status of the last answer, where there was one.
    pub response_status: Option<u16>,
    /// Why the last try failed.
    #[schema(max_length = 200)]
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// One endpoint, with the tag that a change of it may name.
pub fn shown(endpoint: WebhookEndpoint) -> Result<Response, Problem> {
    let tag = EntityTag::of_version(endpoint.id, endpoint.version);
    Ok(Representation::versioned(&WebhookEndpointBody::from(endpoint), tag)?.personal())
}

impl From<WebhookEndpoint> for WebhookEndpointBody {
    fn from(endpoint: WebhookEndpoint) -> Self {
        Self {
            id: endpoint.id.as_uuid(),
            url: endpoint.url.as_str().to_owned(),
            events: endpoint.topics.names(),
            description: endpoint.description.as_str().to_owned(),
            status: endpoint.status().as_str(),
            disabled_reason: endpoint.disabled.map(DisabledReason::as_str),
            old_secret_until: endpoint.old_secret_until.map(Timestamp::from),
            created_at: endpoint.created_at.into(),
            updated_at: endpoint.updated_at.into(),
        }
    }
}

impl From<EndpointWithSecret> for WebhookEndpointWithSecretBody {
    fn from(EndpointWithSecret { endpoint, secret }: EndpointWithSecret) -> Self {
        Self { endpoint: endpoint.into(), secret: secret.expose_secret().to_owned() }
    }
}

impl From<Delivery> for WebhookDeliveryBody {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.as_uuid(),
            endpoint_id: delivery.endpoint_id.as_uuid(),
            event_id: delivery.event_id.as_uuid(),
            event_type: delivery.topic,
            status: delivery.status.as_str(),
            tries: delivery.tries,
            next_try_at: delivery.due_at.map(Timestamp::from),
            tried_at: delivery.tried_at.map(Timestamp::from),
            response_status: delivery.status_code,
            error: delivery.error,
            created_at: delivery.created_at.into(),
            ended_at: delivery.ended_at.map(Timestamp::from),
        }
    }
}
