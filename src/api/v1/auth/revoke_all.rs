//! `POST /v1/auth/revoke-all`: signs out everywhere.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::auth::revoke_all::revoke_all as end_all;

problems!(RevokeAllProblems: SessionRequired);

/// Sign out everywhere
///
/// Ends every session of the caller, this one among them, with all their tokens, at every instance. API keys stay.
#[utoipa::path(
    post, path = "/v1/auth/revoke-all", tag = "auth", security(("bearer" = [])), request_body = EmptyRequest,
    responses((status = 204, description = "No token is good for anything now."), RevokeAllProblems),
)]
pub async fn revoke_all(
    State(state): State<ApiState>,
    caller: Caller<may::SignOutEverywhere>,
    _: EmptyBody,
) -> Result<StatusCode, Problem> {
    end_all(&state.services, &caller.author, caller.granted).await?;
    Ok(StatusCode::NO_CONTENT)
}
