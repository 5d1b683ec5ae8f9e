//! `GET /v1/webhook-endpoints/{id}`: one endpoint.

use axum::extract::State;
use axum::response::Response;

use super::body::{WebhookEndpointBody, shown};
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::service::webhooks::find;

/// Read a webhook endpoint
///
/// Its secret is not shown again. Another's endpoint is as if it were not there. The `ETag` serves `If-Match`.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{id}", tag = "webhook-endpoints", security(("bearer" = ["webhooks:manage"])),
    params(("id" = uuid::Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint.", body = WebhookEndpointBody)),
)]
pub async fn get_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
) -> Result<Response, Problem> {
    shown(find(&state.webhooks, id, caller.granted.holder()).await?)
}
