//! `POST /v1/oauth-clients/{id}/rotate-secret`: gives an application a new secret.

use axum::extract::State;
use axum::response::Response;

use super::body::{OauthClientWithSecretBody, made};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest, PathId};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ClientId;
use crate::service::oauth::clients::rotate_secret;

problems!(RotateOauthClientSecretProblems: SessionRequired, ClientKeepsNoSecret);

/// Rotate an application's secret
///
/// For a day, until `oldSecretUntil`, the secret before it is good, too. One that was old already is good for nothing. Tokens
/// stay as they are.
#[utoipa::path(
    post, path = "/v1/oauth-clients/{id}/rotate-secret", tag = "oauth-clients", security(("bearer" = ["users:admin"])),
    request_body = EmptyRequest,
    params(("id" = uuid::Uuid, Path, description = "The client's id.")),
    responses(
        (status = 201, description = "The client, with its new secret.", body = OauthClientWithSecretBody),
        RotateOauthClientSecretProblems,
    ),
)]
pub async fn rotate_oauth_client_secret(
    State(state): State<ApiState>,
    caller: Caller<may::ManageOauthClients>,
    PathId(id): PathId<ClientId>,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let Caller { granted, principal, author } = caller;
    Ok(made(rotate_secret(&state.services, &author, granted, &principal, id).await?))
}
