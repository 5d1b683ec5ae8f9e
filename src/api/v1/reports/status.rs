//! `GET /v1/reports/{jobId}/status`: how far a report is.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::body::ReportBody;
use super::sight;
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::JobId;
use crate::domain::job::JobStatus;
use crate::service::jobs::find;

/// Seconds between two looks at a job.
const LOOK_AGAIN: HeaderValue = HeaderValue::from_static("2");

/// Look at a report
///
/// `Retry-After` says when to look again, while it is unfinished.
#[utoipa::path(
    get, path = "/v1/reports/{jobId}/status", tag = "reports", security(("bearer" = ["reports:read"])),
    params(("jobId" = uuid::Uuid, Path, description = "The report's job.")),
    responses((status = 200, description = "The report.", body = ReportBody)),
)]
pub async fn get_report_status(
    State(state): State<ApiState>,
    caller: Caller<may::ReadReports>,
    PathId(id): PathId<JobId>,
) -> Result<Response, Problem> {
    let job = find(&state.services, id, sight(&caller.principal)).await?;
    let status = job.status;
    Ok(shown(&ReportBody::try_from(job)?, status))
}

/// A job with the time to look again, if there is one.
pub(in crate::api::v1) fn shown<T: Serialize>(body: &T, status: JobStatus) -> Response {
    let mut response = Json(body).into_response();
    if !status.is_over() {
        response.headers_mut().insert(RETRY_AFTER, LOOK_AGAIN);
    }
    response
}
