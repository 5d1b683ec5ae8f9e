//! `POST /oauth/introspect`: what a token of the asking client is still good for (RFC 7662).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::client::asking;
use super::form::Form;
use super::refusal::Refusal;
use crate::api::extract::AccountLimit;
use crate::api::state::ApiState;
use crate::domain::ids::Id;
use crate::service::Services;
use crate::service::oauth::introspect::{Active, TokenKind, introspect};

/// RFC 7662 §2.2; of a token that is good for nothing there is nothing to say but that.
#[derive(Debug, Default, Serialize)]
struct IntrospectionBody<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

pub async fn introspect_token(
    State(state): State<ApiState>,
    attempts: AccountLimit,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    let token = form.require("token", "Send the token.")?;
    let client = asking(&state.services, &attempts, &headers, &form).await?;
    let active = introspect(&state.services, &client, token).await?;
    let body = active.map_or_else(IntrospectionBody::default, |it| told(&state.services, &it));
    Ok(([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(body)).into_response())
}

fn told<'a>(services: &'a Services, active: &Active) -> IntrospectionBody<'a> {
    let is_access = active.kind == TokenKind::Access;
    IntrospectionBody {
        active: true,
        scope: Some(active.scopes.to_string()),
        client_id: Some(active.client.as_uuid()),
        token_type: is_access.then_some("Bearer"),
        sub: Some(active.user.map_or(active.client.as_uuid(), Id::as_uuid)),
        iss: Some(services.auth.issuer()),
        aud: is_access.then(|| services.auth.audience()),
        iat: active.issued_at.map(time::OffsetDateTime::unix_timestamp),
        exp: Some(active.expires_at.unix_timestamp()),
    }
}
