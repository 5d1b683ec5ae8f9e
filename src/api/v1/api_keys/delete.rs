//! `DELETE /v1/api-keys/{id}`: removes a key.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ApiKeyId;
use crate::service::api_keys::remove;

problems!(DeleteApiKeyProblems: SessionRequired);

/// Remove an API key
///
/// It is good for nothing once this answers, at every instance.
#[utoipa::path(
    delete, path = "/v1/api-keys/{id}", tag = "api-keys", security(("bearer" = ["keys:manage"])),
    params(("id" = uuid::Uuid, Path, description = "The key's id.")),
    responses((status = 204, description = "It is gone."), DeleteApiKeyProblems),
)]
pub async fn delete_api_key(
    State(state): State<ApiState>,
    caller: Caller<may::ManageApiKeys>,
    PathId(id): PathId<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    remove(&state.services, &caller.author, caller.granted, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
