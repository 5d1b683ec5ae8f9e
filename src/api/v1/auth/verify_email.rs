//! `POST /v1/auth/verify-email`: shows that an address is one's own.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::extract::{Fields, Parse, RequestOrigin, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::account_token::TokenPurpose;
use crate::service::auth::account_token::AccountToken;
use crate::service::auth::error::SessionError;
use crate::service::auth::verify_email::verify_email as verify;

/// What the welcome mail says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "tillev_bm90IGEgcmVhbCB0b2tlbiwgdGFrZSB5b3VyIG93biE" }))]
pub struct VerifyEmailRequest {
    #[schema(max_length = 512)]
    token: String,
}

impl Parse for VerifyEmailRequest {
    type Command = Option<AccountToken>;

    /// Refuses nothing: what can't be a token is treated like one that nobody knows.
    fn parse(self, _: &mut Fields) -> Option<Option<AccountToken>> {
        Some(AccountToken::parse(TokenPurpose::VerifyEmail, &self.token))
    }
}

problems!(VerifyEmailProblems: TokenInvalid, TokenExpired);

/// Verify an e-mail address
///
/// With the token of the welcome mail, within seven days. Sent again, it is answered the same and changes nothing.
#[utoipa::path(
    post, path = "/v1/auth/verify-email", tag = "auth", security(()), request_body = VerifyEmailRequest,
    responses((status = 204, description = "The address is verified."), VerifyEmailProblems),
)]
pub async fn verify_email(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    request: ValidJson<VerifyEmailRequest>,
) -> Result<StatusCode, Problem> {
    let token = request.command.ok_or(SessionError::InvalidAccountToken)?;
    verify(&state.services, &origin, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}
