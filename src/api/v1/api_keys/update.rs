//! `PATCH /v1/api-keys/{id}`: what administrators change about anybody's key.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::ApiKeyBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, Parse, PathId, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::api_key::KeyTier;
use crate::domain::ids::ApiKeyId;
use crate::service::api_keys::set_tier;

/// Which rate limit the key is to be under.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "tier": "premium" }))]
pub struct UpdateApiKeyRequest {
    /// `standard` or `premium`.
    #[schema(max_length = 16, pattern = "^(standard|premium)$")]
    tier: String,
}

impl Parse for UpdateApiKeyRequest {
    type Command = KeyTier;

    fn parse(self, fields: &mut Fields) -> Option<KeyTier> {
        fields.parse("/tier", self.tier, |text: String| text.parse())
    }
}

problems!(UpdateApiKeyProblems: SessionRequired);

/// Give an API key another tier
///
/// For administrators, whoever owns the key. Every instance counts by the new tier from the key's next use on.
#[utoipa::path(
    patch, path = "/v1/api-keys/{id}", tag = "api-keys", security(("bearer" = ["users:admin"])),
    request_body = UpdateApiKeyRequest,
    params(("id" = uuid::Uuid, Path, description = "The key's id.")),
    responses((status = 200, description = "The key as it is now.", body = ApiKeyBody), UpdateApiKeyProblems),
)]
pub async fn update_api_key(
    State(state): State<ApiState>,
    caller: Caller<may::SetKeyTiers>,
    PathId(id): PathId<ApiKeyId>,
    request: ValidJson<UpdateApiKeyRequest>,
) -> Result<Json<ApiKeyBody>, Problem> {
    let Caller { granted, author, .. } = caller;
    Ok(Json(set_tier(&state.services, &author, granted, id, request.command).await?.into()))
}
