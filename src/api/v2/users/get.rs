//! `GET /v2/users/{id}`: oneself, or anybody for who may manage users.

use axum::extract::State;
use axum::response::Response;

use super::body::{UserBody, shown};
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::UserId;
use crate::service::users::read;

/// Read a user
///
/// Others are as if they were not there, unless the token holds `users:admin`. The `ETag` serves `If-Match`.
#[utoipa::path(
    get, path = "/v2/users/{id}", tag = "users", security(("bearer" = ["profile:read"])),
    params(("id" = uuid::Uuid, Path, description = "The user's id.")),
    responses((status = 200, description = "The account.", body = UserBody)),
)]
pub async fn get_user(
    State(state): State<ApiState>,
    caller: Caller<may::ReadProfile>,
    PathId(id): PathId<UserId>,
) -> Result<Response, Problem> {
    shown(read::find(&state.services, &caller.principal, id).await?)
}
