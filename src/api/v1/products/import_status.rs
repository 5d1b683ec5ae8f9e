//! `GET /v1/products/imports/{jobId}/status`: how far an import is, and what became of its rows.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::api::timestamp::Timestamp;
use crate::api::v1::reports::body::JobFaultBody;
use crate::api::v1::reports::status::shown;
use crate::domain::access::Reach;
use crate::domain::ids::{Id, JobId};
use crate::domain::import::{ImportResult, RowFault};
use crate::domain::job::{Job, JobKind};
use crate::service::jobs::{Sight, find};

/// A list of products that is read in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProductImport)]
pub struct ProductImportBody {
    job_id: Uuid,
    /// `queued`, `processing`, `complete`, `failed` or `cancelled`.
    #[schema(max_length = 16)]
    status: &'static str,
    /// In percent: rows done of rows to do.
    #[schema(minimum = 0, maximum = 100)]
    progress: u8,
    /// Rows that are done: created, updated, unchanged and refused ones.
    #[schema(minimum = 0)]
    rows: i64,
    #[schema(minimum = 0)]
    created: u64,
    #[schema(minimum = 0)]
    updated: u64,
    /// Products that were as the list says already.
    #[schema(minimum = 0)]
    unchanged: u64,
    #[schema(minimum = 0)]
    refused: u64,
    /// What is wrong with the refused rows; the first hundred faults.
    #[schema(max_items = 100)]
    row_errors: Vec<RowErrorBody>,
    /// Why it failed as a whole: the rows before that are done.
    error: Option<JobFaultBody>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RowError)]
pub struct RowErrorBody {
    /// The line on which the row begins; the head is line 1.
    #[schema(minimum = 1)]
    line: u64,
    /// Where one value is wrong.
    #[schema(max_length = 64)]
    column: Option<String>,
    /// Stable name, such as `out_of_range`.
    #[schema(max_length = 64)]
    code: String,
    #[schema(max_length = 1000)]
    detail: String,
}

impl From<RowFault> for RowErrorBody {
    fn from(fault: RowFault) -> Self {
        let RowFault { line, column, code, detail } = fault;
        Self { line, column, code, detail }
    }
}

impl TryFrom<Job> for ProductImportBody {
    type Error = Problem;

    fn try_from(job: Job) -> Result<Self, Problem> {
        let progress = job.progress();
        let result: Option<ImportResult> = job
            .result
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| Problem::new(ProblemCode::InternalError).caused_by(error))?;
        let result = result.unwrap_or_default();
        Ok(Self {
            job_id: job.id.as_uuid(),
            status: job.status.as_str(),
            progress,
            rows: job.rows_done,
            created: result.created,
            updated: result.updated,
            unchanged: result.unchanged,
            refused: result.refused,
            row_errors: result.faults.into_iter().map(RowErrorBody::from).collect(),
            error: job.fault.map(JobFaultBody::from),
            created_at: job.created_at.into(),
            started_at: job.started_at.map(Timestamp::from),
            completed_at: job.completed_at.map(Timestamp::from),
        })
    }
}

/// Look at an import
///
/// `Retry-After` says when to look again, while it is unfinished.
#[utoipa::path(
    get, path = "/v1/products/imports/{jobId}/status", tag = "products", security(("bearer" = ["catalog:write"])),
    params(("jobId" = uuid::Uuid, Path, description = "The import's job.")),
    responses((status = 200, description = "The import.", body = ProductImportBody)),
)]
pub async fn get_import_status(
    State(state): State<ApiState>,
    caller: Caller<may::WriteCatalog>,
    PathId(id): PathId<JobId>,
) -> Result<Response, Problem> {
    let owners = caller.principal.job_reach();
    let sight = Sight { kind: JobKind::ProductImport, owners, about: Reach::Everyone };
    let job = find(&state.services, id, sight).await?;
    let status = job.status;
    Ok(shown(&ProductImportBody::try_from(job)?, status))
}
