//! `PATCH /v1/webhook-endpoints/{id}`: changes where, what and whether an endpoint is told.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{EventName, WebhookEndpointBody, shown};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, IfMatch, Parse, Patch, PathId, ValidJson};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::webhook::{EndpointChange, EndpointDescription, EndpointUrl, TopicFilter};
use crate::service::webhooks::{UpdateEndpoint, update};

/// What is to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "events": ["*"], "status": "enabled" }))]
pub struct UpdateWebhookEndpointRequest {
    /// An absolute `https:` URL that leads to public addresses.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 2000, format = "uri", pattern = "^https?://[^\\s]+$")]
    url: Patch<String>,
    /// Names of events; `*` alone stands for all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventName>>, nullable = false, min_items = 1, max_items = 64)]
    events: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 500, format = "text")]
    description: Patch<String>,
    /// `enabled` or `disabled`.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 16, pattern = "^(enabled|disabled)$")]
    status: Patch<String>,
}

impl Parse for UpdateWebhookEndpointRequest {
    type Command = EndpointChange;

    fn parse(self, fields: &mut Fields) -> Option<EndpointChange> {
        let url = fields.replace("/url", self.url, |text: String| EndpointUrl::parse(&text));
        let topics =
            fields.replace("/events", self.events, |names: Vec<String>| TopicFilter::parse(&names));
        let description = fields.replace("/description", self.description, |text: String| {
            EndpointDescription::parse(&text)
        });
        let status = fields.replace("/status", self.status, |name: String| name.parse());
        Some(EndpointChange {
            url: url?,
            description: description?,
            topics: topics?,
            status: status?,
        })
    }
}

/// Change a webhook endpoint
///
/// While it is disabled it is sent nothing, and what was still to be sent is soon given up; that can be redelivered once it
/// is enabled again, but what happened meanwhile can only be read from the list of events.
#[utoipa::path(
    patch, path = "/v1/webhook-endpoints/{id}", tag = "webhook-endpoints", security(("bearer" = ["webhooks:manage"])),
    request_body = UpdateWebhookEndpointRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The endpoint's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the endpoint that is to be changed."),
    ),
    responses((status = 200, description = "The endpoint as it is now.", body = WebhookEndpointBody)),
)]
pub async fn update_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
    if_match: IfMatch,
    request: ValidJson<UpdateWebhookEndpointRequest>,
) -> Result<Response, Problem> {
    let (owner, change) = (caller.granted.holder(), request.command);
    let command = UpdateEndpoint { id, owner, change, expected_version: if_match.version_of(id) };
    shown(update(&state.webhooks, &caller.author, &command).await?)
}
