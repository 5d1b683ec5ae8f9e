//! `POST /v1/webhook-endpoints/{id}/rotate`: gives an endpoint a new secret.

use axum::Json;
use axum::extract::State;

use super::body::WebhookEndpointWithSecretBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest, PathId};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::service::webhooks::rotate;

/// Rotate a webhook endpoint's secret
///
/// For a day, until `oldSecretUntil`, everything is signed with both secrets, so that the receiver can change in peace.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/rotate", tag = "webhook-endpoints",
    security(("bearer" = ["webhooks:manage"])), request_body = EmptyRequest,
    params(("id" = uuid::Uuid, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint, with its new secret.", body = WebhookEndpointWithSecretBody)),
)]
pub async fn rotate_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
    _: EmptyBody,
) -> Result<Json<WebhookEndpointWithSecretBody>, Problem> {
    let Caller { granted, principal, author } = caller;
    Ok(Json(rotate(&state.webhooks, &author, granted, &principal, id).await?.into()))
}
