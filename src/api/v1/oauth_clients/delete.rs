//! `DELETE /v1/oauth-clients/{id}`: removes an application.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ClientId;
use crate::service::oauth::clients::remove;

problems!(DeleteOauthClientProblems: SessionRequired);

/// Remove an application
///
/// Its tokens are good for nothing once this answers, at every instance, and all consents to it are gone.
#[utoipa::path(
    delete, path = "/v1/oauth-clients/{id}", tag = "oauth-clients", security(("bearer" = ["users:admin"])),
    params(("id" = uuid::Uuid, Path, description = "The client's id.")),
    responses((status = 204, description = "It is gone."), DeleteOauthClientProblems),
)]
pub async fn delete_oauth_client(
    State(state): State<ApiState>,
    caller: Caller<may::ManageOauthClients>,
    PathId(id): PathId<ClientId>,
) -> Result<StatusCode, Problem> {
    remove(&state.services, &caller.author, caller.granted, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
