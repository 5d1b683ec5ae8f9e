//! `POST /v1/webhook-endpoints/{id}/test`: sends an endpoint something to try it with.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::body::WebhookDeliveryBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::cause::RequestCause;
use crate::api::extract::{EmptyBody, EmptyRequest, PathId};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::service::webhooks::test;

problems!(TestWebhookEndpointProblems: WebhookEndpointDisabled);

/// Try a webhook endpoint
///
/// It alone is sent an event of the type `webhook_endpoint.test`, whatever it wants to hear of otherwise. What becomes of
/// it stands in the list of its deliveries.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/test", tag = "webhook-endpoints",
    security(("bearer" = ["webhooks:manage"])), request_body = EmptyRequest,
    params(("id" = uuid::Uuid, Path, description = "The endpoint's id.")),
    responses(
        (status = 202, description = "It will be sent.", body = WebhookDeliveryBody),
        TestWebhookEndpointProblems,
    ),
)]
pub async fn test_webhook_endpoint(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
    RequestCause(cause): RequestCause,
    _: EmptyBody,
) -> Result<(StatusCode, Json<WebhookDeliveryBody>), Problem> {
    let delivery = test(&state.webhooks, (id, caller.granted.holder()), &cause).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
