//! `PATCH /v1/oauth-clients/{id}`: changes what an application is and may ask for.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{GrantName, OauthClientBody, RedirectUriText, shown};
use super::parts;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, IfMatch, Parse, Patch, PathId, ValidJson, parse_id};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::v1::api_keys::body::ScopeName;
use crate::domain::ids::{ClientId, UserId};
use crate::domain::oauth::ClientName;
use crate::service::oauth::clients::{AccountChange, ClientChange, UpdateClient, update};

/// What is to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "name": "Ledger 2", "scopes": ["profile:read"] }))]
pub struct UpdateOauthClientRequest {
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, format = "name")]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<RedirectUriText>>, nullable = false, max_items = 10)]
    redirect_uris: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<GrantName>>, nullable = false, min_items = 1, max_items = 3)]
    grants: Patch<Vec<String>>,
    /// What is left out here its tokens may not do any more, either.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ScopeName>>, nullable = false, min_items = 1, max_items = 32)]
    scopes: Patch<Vec<String>>,
    /// Null: it acts by itself no more.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    account_id: Patch<String>,
}

impl Parse for UpdateOauthClientRequest {
    type Command = ClientChange;

    fn parse(self, fields: &mut Fields) -> Option<ClientChange> {
        let name = fields.replace("/name", self.name, |text: String| ClientName::parse(&text));
        let redirect_uris =
            fields.replace_parts("/redirectUris", self.redirect_uris, parts::redirect_uris);
        let grants = fields.replace_parts("/grants", self.grants, parts::grants);
        let scopes = fields.replace_parts("/scopes", self.scopes, parts::scopes);
        let account =
            fields.patch("/accountId", self.account_id, |text: String| parse_id::<UserId>(&text));
        Some(ClientChange {
            name: name?,
            redirect_uris: redirect_uris?,
            grants: grants?,
            scopes: scopes?,
            account: match account? {
                Patch::Keep => AccountChange::Keep,
                Patch::Clear => AccountChange::Clear,
                Patch::Set(account) => AccountChange::Set(account),
            },
        })
    }
}

problems!(UpdateOauthClientProblems: SessionRequired);

/// Change an application
///
/// A client that may no longer do something does it no more with the tokens that it has, either: a scope is asked about with
/// each use; without `authorization_code`, or with another account, the sessions behind its tokens end.
#[utoipa::path(
    patch, path = "/v1/oauth-clients/{id}", tag = "oauth-clients", security(("bearer" = ["users:admin"])),
    request_body = UpdateOauthClientRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The client's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the client that is to be changed."),
    ),
    responses(
        (status = 200, description = "The client as it is now.", body = OauthClientBody),
        UpdateOauthClientProblems,
    ),
)]
pub async fn update_oauth_client(
    State(state): State<ApiState>,
    caller: Caller<may::ManageOauthClients>,
    PathId(id): PathId<ClientId>,
    if_match: IfMatch,
    request: ValidJson<UpdateOauthClientRequest>,
) -> Result<Response, Problem> {
    let expected_version = if_match.version_of(id);
    let command = UpdateClient { id, change: request.command, expected_version };
    shown(update(&state.services, &caller.author, caller.granted, &command).await?)
}
