//! `DELETE /v1/reports/{jobId}`: ends a report that is unfinished, removes one that is finished.

use axum::extract::State;
use axum::http::StatusCode;

use super::sight;
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::JobId;
use crate::service::jobs::cancel;

/// Cancel or remove a report
///
/// One that is unfinished is `cancelled`; one that is finished is gone, with its file.
#[utoipa::path(
    delete, path = "/v1/reports/{jobId}", tag = "reports", security(("bearer" = ["reports:write"])),
    params(("jobId" = uuid::Uuid, Path, description = "The report's job.")),
    responses((status = 204, description = "It is cancelled or removed.")),
)]
pub async fn cancel_report(
    State(state): State<ApiState>,
    caller: Caller<may::WriteReports>,
    PathId(id): PathId<JobId>,
) -> Result<StatusCode, Problem> {
    cancel(&state.services, id, sight(&caller.principal)).await?;
    Ok(StatusCode::NO_CONTENT)
}
