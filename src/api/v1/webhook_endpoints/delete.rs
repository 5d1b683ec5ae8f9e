//! `DELETE /v1/webhook-endpoints/{id}`: removes an endpoint.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::service::webhooks::remove;

/// Remove a webhook endpoint
///
/// With all that was and is to be sent to it.
#[utoipa::path(
    delete, path = "/v1/webhook-endpoints/{id}", tag = "webhook-endpoints", security(("bearer" = ["webhooks:manage"])),
    params(("id" = uuid::Uuid, Path, description = "The endpoint's id.")),
    responses((status = 204, description = "It is gone.")),
)]
pub async fn delete_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
) -> Result<StatusCode, Problem> {
    remove(&state.webhooks, &caller.author, id, caller.granted.holder()).await?;
    Ok(StatusCode::NO_CONTENT)
}
