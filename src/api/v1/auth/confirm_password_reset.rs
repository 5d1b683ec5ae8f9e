//! `POST /v1/auth/password-reset/confirm`: chooses another password with the token of a mail.

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
use crate::service::auth::passwords::Password;
use crate::service::auth::reset_password::confirm;

/// What the mail says, and the password from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "tillpr_bm90IGEgcmVhbCB0b2tlbiwgdGFrZSB5b3VyIG93biE", "password": "correct horse battery" }))]
pub struct ConfirmPasswordResetRequest {
    #[schema(max_length = 512)]
    token: String,
    #[schema(min_length = 12, max_length = 128)]
    password: String,
}

impl Parse for ConfirmPasswordResetRequest {
    type Command = (Option<AccountToken>, Password);

    /// What can't be a token is treated like one that nobody knows.
    fn parse(self, fields: &mut Fields) -> Option<(Option<AccountToken>, Password)> {
        let password = fields.parse("/password", &self.password, |text| Password::parse(text));
        Some((AccountToken::parse(TokenPurpose::ResetPassword, &self.token), password?))
    }
}

problems!(ConfirmPasswordResetProblems: TokenInvalid, TokenExpired);

/// Choose another password
///
/// With the token of the mail, within the hour, once. Every session ends, at every instance; API keys stay.
#[utoipa::path(
    post, path = "/v1/auth/password-reset/confirm", tag = "auth", security(()),
    request_body = ConfirmPasswordResetRequest,
    responses((status = 204, description = "The password is changed."), ConfirmPasswordResetProblems),
)]
pub async fn confirm_password_reset(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    request: ValidJson<ConfirmPasswordResetRequest>,
) -> Result<StatusCode, Problem> {
    let (token, password) = request.command;
    let token = token.ok_or(SessionError::InvalidAccountToken)?;
    confirm(&state.services, &origin, &token, password).await?;
    Ok(StatusCode::NO_CONTENT)
}
