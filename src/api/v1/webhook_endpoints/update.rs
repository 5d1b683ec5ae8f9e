//! `PATCH /v1/webhook-endpoints/{id}`: changes where, what and whether an endpoint is told.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::WebhookEndpointBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, Parse, Patch, PathId, ValidJson};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::webhook::{EndpointChange, EndpointDescription, EndpointUrl, TopicFilter};
use crate::service::webhooks::update;

/// What is to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "events": ["*"], "status": "enabled" }))]
pub struct UpdateWebhookEndpointRequest {
    /// An absolute `https:` URL that leads to public addresses.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 2000)]
    url: Patch<String>,
    /// Names of events; `*` alone stands for all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1, max_items = 64)]
    events: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 500)]
    description: Patch<String>,
    /// `enabled` or `disabled`.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 16)]
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
/// While it is disabled it is sent nothing, and what was still to be sent is given up; what it missed can be redelivered
/// once it is enabled again, but what happened meanwhile can only be read from the list of events.
#[utoipa::path(
    patch, path = "/v1/webhook-endpoints/{id}", tag = "webhook-endpoints", security(("bearer" = ["webhooks:manage"])),
    request_body = UpdateWebhookEndpointRequest,
    params(("id" = uuid::Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint as it is now.", body = WebhookEndpointBody)),
)]
pub async fn update_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
    request: ValidJson<UpdateWebhookEndpointRequest>,
) -> Result<Json<WebhookEndpointBody>, Problem> {
    let own = (id, caller.granted.holder());
    Ok(Json(update(&state.webhooks, own, request.command).await?.into()))
}
