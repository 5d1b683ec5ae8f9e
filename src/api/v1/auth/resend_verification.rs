//! `POST /v1/auth/verify-email/resend`: asks once more for the mail that verifies one's address.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::caller::{Caller, may};
use crate::api::extract::cause::RequestCause;
use crate::api::extract::{AccountLimit, EmptyBody, EmptyRequest};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::auth::resend_verification::resend_verification as ask;

/// Ask for the verification mail again
///
/// To the address of the caller's own account; no mail is sent where it is verified, or where one was sent within a minute.
#[utoipa::path(
    post, path = "/v1/auth/verify-email/resend", tag = "auth", security(("bearer" = ["profile:write"])),
    request_body = EmptyRequest,
    responses((status = 202, description = "If the address is not verified, it is written to.")),
)]
pub async fn resend_verification(
    State(state): State<ApiState>,
    caller: Caller<may::WriteProfile>,
    attempts: AccountLimit,
    RequestCause(cause): RequestCause,
    _: EmptyBody,
) -> Result<StatusCode, Problem> {
    attempts.admit_user(caller.granted.holder()).await?;
    ask(&state.services, &cause, caller.granted).await?;
    Ok(StatusCode::ACCEPTED)
}
