//! `POST /v1/webhook-endpoints/{id}/deliveries/{deliveryId}/redeliver`: sends an event once more.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::body::WebhookDeliveryBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest, PathIds};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::{DeliveryId, WebhookEndpointId};
use crate::service::webhooks::redeliver;

problems!(RedeliverWebhookProblems: WebhookEndpointDisabled);

/// Redeliver an event
///
/// Under the same `webhook-id`, whatever became of it before; three more days of tries begin.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/redeliver", tag = "webhook-endpoints",
    security(("bearer" = ["webhooks:manage"])), request_body = EmptyRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The endpoint's id."),
        ("deliveryId" = uuid::Uuid, Path, description = "The delivery's id."),
    ),
    responses(
        (status = 202, description = "It will be sent.", body = WebhookDeliveryBody),
        RedeliverWebhookProblems,
    ),
)]
pub async fn redeliver_webhook(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathIds(endpoint, delivery): PathIds<WebhookEndpointId, DeliveryId>,
    _: EmptyBody,
) -> Result<(StatusCode, Json<WebhookDeliveryBody>), Problem> {
    let owner = caller.granted.holder();
    let delivery = redeliver(&state.webhooks, (endpoint, delivery), owner).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
