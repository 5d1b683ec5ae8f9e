//! `POST /v1/auth/password-reset`: asks for a mail with which another password is chosen.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::extract::cause::RequestCause;
use crate::api::extract::{AccountLimit, Fields, Parse, ValidJson};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::user::Email;
use crate::service::auth::reset_password::request as ask;

/// Whose password was forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "demo@example.com" }))]
pub struct RequestPasswordResetRequest {
    #[schema(max_length = 254, format = "email")]
    email: String,
}

impl Parse for RequestPasswordResetRequest {
    type Command = Email;

    fn parse(self, fields: &mut Fields) -> Option<Email> {
        fields.parse("/email", &self.email, |text| Email::parse(text))
    }
}

/// Ask for a password reset
///
/// The answer is the same, and takes as long, whether there is an account of that address or not; where there is one, a mail
/// goes to it, with a token that is good once, for an hour. Asked again within a minute, no second mail is sent.
#[utoipa::path(
    post, path = "/v1/auth/password-reset", tag = "auth", security(()), request_body = RequestPasswordResetRequest,
    responses((status = 202, description = "If there is such an account, it is written to.")),
)]
pub async fn request_password_reset(
    State(state): State<ApiState>,
    attempts: AccountLimit,
    RequestCause(cause): RequestCause,
    request: ValidJson<RequestPasswordResetRequest>,
) -> Result<StatusCode, Problem> {
    attempts.admit_reset(&request.command).await?;
    ask(&state.services, &cause, &request.command).await?;
    Ok(StatusCode::ACCEPTED)
}
