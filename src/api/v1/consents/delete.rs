//! `DELETE /v1/consents/{clientId}`: lets an application act no more.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ClientId;
use crate::service::oauth::consents::withdraw;

problems!(DeleteConsentProblems: SessionRequired);

/// Withdraw a consent
///
/// The application's tokens for the caller are good for nothing once this answers, at every instance.
#[utoipa::path(
    delete, path = "/v1/consents/{clientId}", tag = "consents", security(("bearer" = ["profile:write"])),
    params(("clientId" = uuid::Uuid, Path, description = "The application's id.")),
    responses((status = 204, description = "It may do nothing more."), DeleteConsentProblems),
)]
pub async fn delete_consent(
    State(state): State<ApiState>,
    caller: Caller<may::WithdrawConsents>,
    PathId(client): PathId<ClientId>,
) -> Result<StatusCode, Problem> {
    withdraw(&state.services, &caller.author, caller.granted, client).await?;
    Ok(StatusCode::NO_CONTENT)
}
