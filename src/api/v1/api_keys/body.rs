//! How API keys look on the wire; a secret is in the two answers that make one, and in no other.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::timestamp::Timestamp;
use crate::domain::access::Scope;
use crate::domain::api_key::ApiKey;
use crate::domain::ids::Id;
use crate::service::api_keys::KeyWithSecret;

/// The name of a scope.
#[derive(Debug, ToSchema)]
#[schema(max_length = 32, example = "orders:read")]
pub struct ScopeName(pub String);

/// What a program calls with in its owner's name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub struct ApiKeyBody {
    pub id: Uuid,
    /// Whoever made it, and in whose name it acts.
    pub owner_id: Uuid,
    #[schema(max_length = 100)]
    pub name: String,
    /// What it was made for. Of this it may do what its owner may, at the time of each use.
    #[schema(value_type = Vec<ScopeName>, max_items = 32)]
    pub scopes: Vec<&'static str>,
    /// `standard` or `premium`: which rate limit it is under.
    #[schema(max_length = 16)]
    pub tier: &'static str,
    /// The last characters of its secret, to tell it from others.
    #[schema(max_length = 8, example = "x4Qa")]
    pub hint: String,
    /// Until when the secret before the present one is good, too.
    pub old_secret_until: Option<Timestamp>,
    /// From when on it is good for nothing; null where it is never over.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A key with its new secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeyWithSecret)]
pub struct ApiKeyWithSecretBody {
    #[serde(flatten)]
    pub key: ApiKeyBody,
    /// For `Authorization: Bearer till_…` or `X-Api-Key: till_…`. It is shown this once.
    #[schema(max_length = 80, example = "till_…")]
    pub secret: String,
}

impl From<ApiKey> for ApiKeyBody {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.as_uuid(),
            owner_id: key.owner_id.as_uuid(),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            tier: key.tier.as_str(),
            hint: key.hint,
            old_secret_until: key.old_secret_until.map(Timestamp::from),
            expires_at: key.expires_at.map(Timestamp::from),
            last_used_at: key.last_used_at.map(Timestamp::from),
            created_at: key.created_at.into(),
        }
    }
}

/// 201: the key and the secret that was just made.
pub fn made(KeyWithSecret { key, secret }: KeyWithSecret) -> Response {
    let location = format!("/v1/api-keys/{}", key.id);
    let secret = secret.expose_secret().to_owned();
    let body = Json(ApiKeyWithSecretBody { key: key.into(), secret });
    (StatusCode::CREATED, [(LOCATION, location)], body).into_response()
}
