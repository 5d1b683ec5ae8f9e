//! `GET /v1/oauth-clients/{id}`: one application, without its secret.

use axum::extract::State;
use axum::response::Response;

use super::body::{OauthClientBody, shown};
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ClientId;
use crate::service::oauth::clients::find;

problems!(GetOauthClientProblems: SessionRequired);

/// Get an application
///
/// Without its secret, which nobody can be shown again. Its `ETag` is what a change of it may name in `If-Match`.
#[utoipa::path(
    get, path = "/v1/oauth-clients/{id}", tag = "oauth-clients", security(("bearer" = ["users:admin"])),
    params(("id" = uuid::Uuid, Path, description = "The client's id.")),
    responses((status = 200, description = "The client.", body = OauthClientBody), GetOauthClientProblems),
)]
pub async fn get_oauth_client(
    State(state): State<ApiState>,
    caller: Caller<may::ManageOauthClients>,
    PathId(id): PathId<ClientId>,
) -> Result<Response, Problem> {
    shown(find(&state.services, caller.granted, id).await?)
}
