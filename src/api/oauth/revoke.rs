//! `POST /oauth/revoke`: gives a token back, with all that came of the same grant (RFC 7009).

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client::asking;
use super::form::Form;
use super::refusal::Refusal;
use crate::api::extract::{AccountLimit, RequestOrigin};
use crate::api::state::ApiState;
use crate::service::oauth::revoke::revoke;

/// Which kind of token it is shows by itself: `token_type_hint` is not needed.
pub async fn revoke_tokens(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    attempts: AccountLimit,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    let token = form.require("token", "Send the token.")?;
    let client = asking(&state.services, &attempts, &headers, &form).await?;
    revoke(&state.services, &origin, &client, token).await?;
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")]).into_response())
}
