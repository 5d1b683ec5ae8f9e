//! `POST /v1/gateway/callbacks`: the payment gateway tells that a charge changed.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use crate::api::extract::cause::RequestCause;
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::payments::{SignedCallback, receive};

problems!(CallbackProblems: SignatureInvalid, PaymentGatewayUnavailable);

/// Take a call-back of the payment gateway
///
/// For the payment gateway alone, which signs it as Standard Webhooks says. The message is news, not proof: how the
/// charge stands is asked of the gateway. Copies and messages out of order change nothing.
#[utoipa::path(
    post, path = "/v1/gateway/callbacks", tag = "payments", security(()),
    request_body(content = serde_json::Value, example = json!({
        "id": "evt_01890a5d", "type": "charge.captured", "createdAt": "2026-03-02T12:00:00Z",
        "data": { "charge": { "key": "01890a5d-ac96-774b-bcce-b302099ab002", "amount": 4900, "currency": "MYR" } }
    })),
    params(
        ("webhook-id" = String, Header, description = "The same for every copy of a message.", example = "evt_01890a5d"),
        ("webhook-timestamp" = String, Header, description = "Unix seconds; at most five minutes from now.", example = "1772452800"),
        ("webhook-signature" = String, Header, description = "`v1,` and the HMAC-SHA-256 in base64.", example = "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
    ),
    responses((status = 204, description = "Heard; it need not be sent again."), CallbackProblems),
)]
pub async fn receive_gateway_callback(
    State(state): State<ApiState>,
    RequestCause(cause): RequestCause,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let callback = SignedCallback {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature"),
        body: &body,
    };
    receive(&state.payments, &cause, &callback).await?;
    Ok(StatusCode::NO_CONTENT)
}
