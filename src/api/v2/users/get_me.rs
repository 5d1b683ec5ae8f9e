//! `GET /v2/users/me`: one's own profile.

use axum::extract::State;
use axum::response::Response;

use super::body::{UserBody, shown};
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::users::read;

/// Read one's own profile
///
/// Whoever the access token stands for. The `ETag` serves `If-Match`.
#[utoipa::path(
    get, path = "/v2/users/me", tag = "users", security(("bearer" = ["profile:read"])),
    responses((status = 200, description = "The caller's own account.", body = UserBody)),
)]
pub async fn get_me(
    State(state): State<ApiState>,
    caller: Caller<may::ReadProfile>,
) -> Result<Response, Problem> {
    let principal = caller.principal;
    shown(read::find(&state.services, &principal, principal.user_id).await?)
}
