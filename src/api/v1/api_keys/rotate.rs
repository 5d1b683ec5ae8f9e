//! `POST /v1/api-keys/{id}/rotate`: gives a key a new secret.

use axum::extract::State;
use axum::response::Response;

use super::body::{ApiKeyWithSecretBody, made};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest, PathId};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ApiKeyId;
use crate::service::api_keys::rotate;

problems!(RotateApiKeyProblems: SessionRequired);

/// Rotate an API key's secret
///
/// For a day, until `oldSecretUntil`, the secret before it is good, too, so that programs can change in peace. One that was
/// old already is good for nothing: whoever rotates twice is rid of a secret that others know. Id, scopes, tier and expiry
/// stay.
#[utoipa::path(
    post, path = "/v1/api-keys/{id}/rotate", tag = "api-keys", security(("bearer" = ["keys:manage"])),
    request_body = EmptyRequest,
    params(("id" = uuid::Uuid, Path, description = "The key's id.")),
    responses(
        (status = 201, description = "The key, with its new secret.", body = ApiKeyWithSecretBody),
        RotateApiKeyProblems,
    ),
)]
pub async fn rotate_api_key(
    State(state): State<ApiState>,
    caller: Caller<may::ManageApiKeys>,
    PathId(id): PathId<ApiKeyId>,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let Caller { granted, principal, author } = caller;
    Ok(made(rotate(&state.services, &author, granted, &principal, id).await?))
}
