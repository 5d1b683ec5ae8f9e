//! `POST /v1/oauth-clients`: registers an application.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{GrantName, OauthClientWithSecretBody, RedirectUriText, made};
use super::parts::{grants, redirect_uris, scopes};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, Parse, ValidJson, parse_id};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::v1::api_keys::body::ScopeName;
use crate::domain::ids::UserId;
use crate::domain::oauth::{ClientKind, ClientName};
use crate::service::oauth::clients::{CreateClient, create};

/// What an application is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "name": "Ledger", "kind": "confidential", "redirectUris": ["https://ledger.example/callback"],
    "grants": ["authorization_code", "refresh_token"], "scopes": ["profile:read", "orders:read"] }))]
pub struct CreateOauthClientRequest {
    /// What people read who are asked for their consent.
    #[schema(min_length = 1, max_length = 100, format = "name")]
    name: String,
    /// `confidential`, where it can keep a secret, or `public`.
    #[schema(max_length = 16, pattern = "^(confidential|public)$")]
    kind: String,
    /// `https:`; `http:` on `127.0.0.1`, `[::1]` or `localhost`; or a scheme of its own that holds a dot. Compared letter by
    /// letter, but for the port on a loopback address.
    #[serde(default)]
    #[schema(value_type = Vec<RedirectUriText>, max_items = 10)]
    redirect_uris: Vec<String>,
    #[schema(value_type = Vec<GrantName>, min_items = 1, max_items = 3)]
    grants: Vec<String>,
    /// All that it may ever ask for; never `keys:manage` and `webhooks:manage`.
    #[schema(value_type = Vec<ScopeName>, min_items = 1, max_items = 32)]
    scopes: Vec<String>,
    /// The account that it acts on by itself, with `client_credentials` alone.
    #[schema(value_type = Option<Uuid>)]
    account_id: Option<String>,
}

impl Parse for CreateOauthClientRequest {
    type Command = CreateClient;

    fn parse(self, fields: &mut Fields) -> Option<CreateClient> {
        let name = fields.parse("/name", self.name, |text: String| ClientName::parse(&text));
        let kind = fields.parse("/kind", self.kind, |text: String| text.parse::<ClientKind>());
        let redirect_uris = redirect_uris(fields, self.redirect_uris);
        let grants = grants(fields, self.grants);
        let scopes = scopes(fields, self.scopes);
        let account = fields
            .optional("/accountId", self.account_id, |text: String| parse_id::<UserId>(&text));
        Some(CreateClient {
            name: name?,
            kind: kind?,
            redirect_uris: redirect_uris?,
            grants: grants?,
            scopes: scopes?,
            account: account?,
        })
    }
}

problems!(CreateOauthClientProblems: SessionRequired);

/// Register an application
///
/// For administrators. With `authorization_code` people may let it act for them: it sends them to `/oauth/authorize` and gets
/// a code back to one of its `redirectUris`. With `client_credentials` it acts by itself on the account that is named here.
/// The secret of a confidential client is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/oauth-clients", tag = "oauth-clients", security(("bearer" = ["users:admin"])),
    request_body = CreateOauthClientRequest,
    responses(
        (status = 201, description = "The client, with its secret.", body = OauthClientWithSecretBody),
        CreateOauthClientProblems,
    ),
)]
pub async fn create_oauth_client(
    State(state): State<ApiState>,
    caller: Caller<may::ManageOauthClients>,
    request: ValidJson<CreateOauthClientRequest>,
) -> Result<Response, Problem> {
    let Caller { granted, principal: maker, author } = caller;
    Ok(made(create(&state.services, &author, granted, &maker, request.command).await?))
}
