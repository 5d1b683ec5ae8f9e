//! `GET /.well-known/jwks.json`: the keys that access tokens are checked with (RFC 7517).

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::auth::keys;

/// The published keys
///
/// A new key is published before it signs, so a copy may be five minutes old.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth", security(()),
    responses((status = 200, description = "A JSON Web Key set.", body = serde_json::Value)),
)]
pub async fn get_jwks(State(state): State<ApiState>) -> Result<Response, Problem> {
    let keys = keys::published(&state.services).await?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(keys)).into_response())
}
