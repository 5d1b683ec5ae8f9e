//! How registered applications look on the wire; a secret is in the two answers that make one, and in no other.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::EntityTag;
use crate::api::problem::Problem;
use crate::api::representation::Representation;
use crate::api::timestamp::Timestamp;
use crate::api::v1::api_keys::body::ScopeName;
use crate::domain::access::Scope;
use crate::domain::ids::Id;
use crate::domain::oauth::{Client, GrantType};
use crate::service::oauth::clients::ClientWithSecret;

/// A way to come by tokens: `authorization_code`, `refresh_token` or `client_credentials`.
#[derive(Debug, ToSchema)]
#[schema(
    max_length = 32,
    pattern = "^(authorization_code|refresh_token|client_credentials)$",
    example = "authorization_code"
)]
pub struct GrantName(pub String);

/// Where browsers come back to.
#[derive(Debug, ToSchema)]
#[schema(
    min_length = 4,
    max_length = 1000,
    pattern = r"^[a-z][a-z0-9+.-]*:/[!-~]+$",
    example = "https://app.example/callback"
)]
pub struct RedirectUriText(pub String);

/// An application that people may let act for them, or that acts by itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OauthClient)]
pub struct OauthClientBody {
    /// Its `client_id`.
    pub id: Uuid,
    /// What people read who are asked for their consent.
    #[schema(max_length = 100)]
    pub name: String,
    /// `confidential`: it keeps a secret. `public`: it runs at people's own and can't.
    #[schema(max_length = 16)]
    pub kind: &'static str,
    #[schema(value_type = Vec<RedirectUriText>, max_items = 10)]
    pub redirect_uris: Vec<String>,
    #[schema(value_type = Vec<GrantName>, max_items = 3)]
    pub grants: Vec<&'static str>,
    /// All that it may ever ask for.
    #[schema(value_type = Vec<ScopeName>, max_items = 32)]
    pub scopes: Vec<&'static str>,
    /// The account that it acts on by itself.
    pub account_id: Option<Uuid>,
    /// Until when the secret before the present one is good, too.
    pub old_secret_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A client with its new secret.
#[derive(Serialize, ToSchema)]
#[schema(as = OauthClientWithSecret)]
pub struct OauthClientWithSecretBody {
    #[serde(flatten)]
    pub client: OauthClientBody,
    /// The `client_secret`, shown this once; null of a public client.
    #[schema(max_length = 80, example = "tillcs_…")]
    pub secret: Option<String>,
}

impl From<Client> for OauthClientBody {
    fn from(client: Client) -> Self {
        let uris = client.redirect_uris.iter();
        Self {
            id: client.id.as_uuid(),
            name: client.name.as_str().to_owned(),
            kind: client.kind.as_str(),
            redirect_uris: uris.map(|uri| uri.as_str().to_owned()).collect(),
            grants: client.grants.iter().copied().map(GrantType::as_str).collect(),
            scopes: client.scopes.iter().map(Scope::as_str).collect(),
            account_id: client.account.map(Id::as_uuid),
            old_secret_until: client.old_secret_until.map(Timestamp::from),
            created_at: client.created_at.into(),
            updated_at: client.updated_at.into(),
        }
    }
}

/// One client, with the tag that a change of it may name.
pub fn shown(client: Client) -> Result<Response, Problem> {
    let tag = EntityTag::of_version(client.id, client.version);
    Ok(Representation::versioned(&OauthClientBody::from(client), tag)?.personal())
}

/// 201: the client and the secret that was just made.
pub fn made(ClientWithSecret { client, secret }: ClientWithSecret) -> Response {
    let location = format!("/v1/oauth-clients/{}", client.id);
    let secret = secret.map(|secret| secret.expose_secret().to_owned());
    let body = Json(OauthClientWithSecretBody { client: client.into(), secret });
    (StatusCode::CREATED, [(LOCATION, location)], body).into_response()
}
