//! `POST /v1/api-keys`: makes a key.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{ApiKeyWithSecretBody, ScopeName, made};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, Parse, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::timestamp::Timestamp;
use crate::domain::Violation;
use crate::domain::access::Scope;
use crate::domain::api_key::{KeyName, KeyTier, scope_of_key};
use crate::service::api_keys::{CreateApiKey, create};

/// What a key is to be for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "name": "Nightly bookkeeping", "scopes": ["orders:read", "payments:read"] }))]
pub struct CreateApiKeyRequest {
    #[schema(min_length = 1, max_length = 100, format = "line")]
    name: String,
    /// Names of scopes that the caller holds; never `keys:manage`.
    #[schema(value_type = Vec<ScopeName>, min_items = 1, max_items = 32)]
    scopes: Vec<String>,
    /// `standard`, where nothing is said, or `premium`, which is an administrator's to give.
    #[schema(max_length = 16, pattern = "^(standard|premium)$")]
    tier: Option<String>,
    /// From when on (RFC 3339) it is good for nothing.
    #[schema(max_length = 40, format = DateTime)]
    expires_at: Option<String>,
}

impl Parse for CreateApiKeyRequest {
    type Command = CreateApiKey;

    fn parse(self, fields: &mut Fields) -> Option<CreateApiKey> {
        let name = fields.parse("/name", self.name, |text: String| KeyName::parse(&text));
        let scopes = scopes(fields, self.scopes);
        let tier = fields.optional("/tier", self.tier, |text: String| text.parse::<KeyTier>());
        let expires_at =
            fields.optional("/expiresAt", self.expires_at, |text: String| Timestamp::parse(&text));
        Some(CreateApiKey {
            name: name?,
            scopes: scopes?.into_iter().collect(),
            tier: tier?.unwrap_or(KeyTier::Standard),
            expires_at: expires_at?,
        })
    }
}

fn scopes(fields: &mut Fields, names: Vec<String>) -> Option<Vec<Scope>> {
    let fault = match names.len() {
        0 => Some(Violation::new("too_short", "must name at least one scope")),
        1..=32 => None,
        _ => Some(Violation::new("too_many_items", "must have at most 32 members")),
    };
    if let Some(fault) = fault {
        fields.fail("/scopes", fault);
        return None;
    }
    fields.each("/scopes", names, |fields, at, name| {
        fields.parse(at, name, |name: String| scope_of_key(&name))
    })
}

problems!(CreateApiKeyProblems: Forbidden, SessionRequired, TooManyApiKeys);

/// Make an API key
///
/// For a program that acts in the caller's name, with the scopes that are named here and no others; of these it may do what
/// its owner may, at the time of each use. It is sent as `Authorization: Bearer till_…` or as `X-Api-Key: till_…`, never
/// both. Its secret is in this answer and nowhere else. Only people who signed in manage keys, so no key makes others.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "api-keys", security(("bearer" = ["keys:manage"])),
    request_body = CreateApiKeyRequest,
    responses(
        (status = 201, description = "The key, with its secret.", body = ApiKeyWithSecretBody),
        CreateApiKeyProblems,
    ),
)]
pub async fn create_api_key(
    State(state): State<ApiState>,
    caller: Caller<may::ManageApiKeys>,
    request: ValidJson<CreateApiKeyRequest>,
) -> Result<Response, Problem> {
    let Caller { granted, principal: maker, author } = caller;
    Ok(made(create(&state.services, &author, granted, &maker, request.command).await?))
}
