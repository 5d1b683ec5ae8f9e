//! `POST /v1/auth/refresh`: trades a refresh token for a new pair.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::token::TokenPairBody;
use crate::api::extract::{Fields, Parse, RequestOrigin, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::auth::error::SessionError;
use crate::service::auth::refresh::refresh;
use crate::service::auth::refresh_token::RefreshToken;

/// What renews a session, or ends it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "refreshToken": "tillrt_bm90IGEgcmVhbCB0b2tlbiwgdGFrZSB5b3VyIG93biE" }))]
pub struct RefreshTokenRequest {
    #[schema(max_length = 512)]
    refresh_token: String,
}

impl Parse for RefreshTokenRequest {
    type Command = Option<RefreshToken>;

    /// Refuses nothing: what can't be a refresh token is treated like one that nobody knows.
    fn parse(self, _: &mut Fields) -> Option<Option<RefreshToken>> {
        Some(RefreshToken::parse(&self.refresh_token))
    }
}

problems!(RefreshProblems: TokenInvalid);

/// Renew a session
///
/// A refresh token is good once. One that comes a second time ends the session: two hold it, and one of them stole it.
#[utoipa::path(
    post, path = "/v1/auth/refresh", tag = "auth", security(()), request_body = RefreshTokenRequest,
    responses((status = 200, description = "A new pair of tokens.", body = TokenPairBody), RefreshProblems),
)]
pub async fn refresh_token(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    request: ValidJson<RefreshTokenRequest>,
) -> Result<Json<TokenPairBody>, Problem> {
    let token = request.command.ok_or(SessionError::InvalidRefreshToken)?;
    Ok(Json(refresh(&state.services, &origin, &token).await?.into()))
}
