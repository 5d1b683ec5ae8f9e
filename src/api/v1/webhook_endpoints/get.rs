//! `GET /v1/webhook-endpoints/{id}`: one endpoint.

use axum::Json;
use axum::extract::State;

use super::body::WebhookEndpointBody;
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::service::webhooks::find;

/// Read a webhook endpoint
///
/// Its secret is not shown again. Another's endpoint is as if it were not there.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{id}", tag = "webhook-endpoints", security(("bearer" = ["webhooks:manage"])),
    params(("id" = uuid::Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint.", body = WebhookEndpointBody)),
)]
pub async fn get_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
) -> Result<Json<WebhookEndpointBody>, Problem> {
    Ok(Json(find(&state.webhooks, id, caller.granted.holder()).await?.into()))
}
