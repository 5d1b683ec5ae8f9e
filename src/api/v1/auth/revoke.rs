//! `POST /v1/auth/revoke`: signs out.

use axum::extract::State;
use axum::http::StatusCode;

use super::refresh::RefreshTokenRequest;
use crate::api::extract::{RequestOrigin, ValidJson};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::auth::revoke::revoke;

/// Sign out
///
/// Ends the session of a refresh token, its access tokens included. The answer is the same for a token nobody knows.
#[utoipa::path(
    post, path = "/v1/auth/revoke", tag = "auth", security(()), request_body = RefreshTokenRequest,
    responses((status = 204, description = "The token is good for nothing now.")),
)]
pub async fn revoke_token(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    request: ValidJson<RefreshTokenRequest>,
) -> Result<StatusCode, Problem> {
    if let Some(token) = request.command {
        revoke(&state.services, &origin, &token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
