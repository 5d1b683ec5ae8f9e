//! `DELETE /v1/users/me`: erasure.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::caller::{Caller, may};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::users::erase::erase;

problems!(DeleteMeProblems: Forbidden, SessionRequired);

/// Erase one's own account
///
/// Personal data goes, every session ends and every API key; orders and payments stay, without a name. The last administrator stays.
#[utoipa::path(
    delete, path = "/v1/users/me", tag = "users", security(("bearer" = ["profile:write"])),
    responses((status = 204, description = "The account is erased."), DeleteMeProblems),
)]
pub async fn delete_me(
    State(state): State<ApiState>,
    caller: Caller<may::EraseAccount>,
) -> Result<StatusCode, Problem> {
    erase(&state.services, &caller.author, caller.principal.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
