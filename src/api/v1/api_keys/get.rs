//! `GET /v1/api-keys/{id}`: one key, without its secret.

use axum::Json;
use axum::extract::State;

use super::body::ApiKeyBody;
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ApiKeyId;
use crate::service::api_keys::find;

problems!(GetApiKeyProblems: SessionRequired);

/// Get an API key
///
/// One of the caller's own, without its secret, which nobody can be shown again.
#[utoipa::path(
    get, path = "/v1/api-keys/{id}", tag = "api-keys", security(("bearer" = ["keys:manage"])),
    params(("id" = uuid::Uuid, Path, description = "The key's id.")),
    responses((status = 200, description = "The key.", body = ApiKeyBody), GetApiKeyProblems),
)]
pub async fn get_api_key(
    State(state): State<ApiState>,
    caller: Caller<may::ManageApiKeys>,
    PathId(id): PathId<ApiKeyId>,
) -> Result<Json<ApiKeyBody>, Problem> {
    Ok(Json(find(&state.services, caller.granted, id).await?.into()))
}
