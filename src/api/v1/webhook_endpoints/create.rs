//! `POST /v1/webhook-endpoints`: registers an endpoint.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{EventName, WebhookEndpointWithSecretBody};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, Parse, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::webhook::{EndpointDescription, EndpointUrl, TopicFilter};
use crate::service::webhooks::{CreateEndpoint, create};

/// Which address is told of which events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "url": "http://127.0.0.1:9090/webhooks/sink", "events": ["order.paid", "refund.succeeded"], "description": "The shop's own books" }))]
pub struct CreateWebhookEndpointRequest {
    /// An absolute `https:` URL that leads to public addresses.
    #[schema(max_length = 2000, format = "uri", pattern = "^https?://[^\\s]+$")]
    url: String,
    /// Names of events; `*` alone stands for all, those of later releases, too.
    #[schema(value_type = Vec<EventName>, min_items = 1, max_items = 64)]
    events: Vec<String>,
    #[schema(max_length = 500, format = "text")]
    description: Option<String>,
}

impl Parse for CreateWebhookEndpointRequest {
    type Command = CreateEndpoint;

    fn parse(self, fields: &mut Fields) -> Option<CreateEndpoint> {
        let url = fields.parse("/url", self.url, |text: String| EndpointUrl::parse(&text));
        let topics =
            fields.parse("/events", self.events, |names: Vec<String>| TopicFilter::parse(&names));
        let description = fields.optional("/description", self.description, |text: String| {
            EndpointDescription::parse(&text)
        });
        let description = description?.unwrap_or_default();
        Some(CreateEndpoint { url: url?, topics: topics?, description })
    }
}

problems!(CreateWebhookEndpointProblems: TooManyWebhookEndpoints);

/// Register a webhook endpoint
///
/// It is sent what concerns the caller (staff: anybody) from now on, as the Standard Webhooks specification says: at
/// least once, in no promised order, signed with the secret that this answer shows. An event's `webhook-id` is the same at
/// every try. What is not taken with a status from 200 to 299 is tried again for three days; 410 disables the endpoint, as
/// does taking nothing for three days. Redirects are not followed. The example's address is the receiver of `till up`.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints", tag = "webhook-endpoints", security(("bearer" = ["webhooks:manage"])),
    request_body = CreateWebhookEndpointRequest,
    responses(
        (status = 201, description = "The endpoint, with its secret.", body = WebhookEndpointWithSecretBody),
        CreateWebhookEndpointProblems,
    ),
)]
pub async fn create_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    request: ValidJson<CreateWebhookEndpointRequest>,
) -> Result<Response, Problem> {
    let Caller { granted, principal: maker, author } = caller;
    let made = create(&state.webhooks, &author, granted, &maker, request.command).await?;
    let location = format!("/v1/webhook-endpoints/{}", made.endpoint.id);
    let body = Json(WebhookEndpointWithSecretBody::from(made));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
}
