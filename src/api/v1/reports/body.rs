//! How a report looks on the wire while it is made and after.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::problem::{Problem, ProblemCode};
use crate::api::timestamp::Timestamp;
use crate::domain::ids::{Id, JobId};
use crate::domain::job::{Job, JobFault, JobStatus};
use crate::domain::report::{ReportFile, ReportOrder};

/// Where a job that was asked for can be looked at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JobAccepted)]
pub struct JobAcceptedBody {
    pub job_id: Uuid,
    #[schema(max_length = 128)]
    pub status_url: String,
}

impl JobAcceptedBody {
    pub fn of_report(job: JobId) -> Self {
        Self { job_id: job.as_uuid(), status_url: status_url(job) }
    }

    pub fn of_import(job: JobId) -> Self {
        let status_url = format!("/v1/products/imports/{job}/status");
        Self { job_id: job.as_uuid(), status_url }
    }
}

fn status_url(job: JobId) -> String {
    format!("/v1/reports/{job}/status")
}

/// Why a job failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobFault)]
pub struct JobFaultBody {
    /// Stable name.
    #[schema(max_length = 64)]
    code: String,
    #[schema(max_length = 1000)]
    detail: String,
}

impl From<JobFault> for JobFaultBody {
    fn from(fault: JobFault) -> Self {
        Self { code: fault.code, detail: fault.detail }
    }
}

/// A report: how far it is, and where its file is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Report)]
pub struct ReportBody {
    pub job_id: Uuid,
    /// `sales`, `orders`, `payments`, `ledger` or `reconciliation`.
    #[schema(max_length = 16)]
    pub kind: &'static str,
    /// `csv`, `xlsx` or `ndjson`.
    #[schema(max_length = 8)]
    pub format: &'static str,
    pub from: Timestamp,
    pub to: Timestamp,
    /// `queued`, `processing`, `complete`, `failed` or `cancelled`.
    #[schema(max_length = 16)]
    pub status: &'static str,
    /// In percent: rows done of rows to do.
    #[schema(minimum = 0, maximum = 100)]
    pub progress: u8,
    /// Rows that are written.
    #[schema(minimum = 0)]
    pub rows: i64,
    /// Where the file is, once there is one.
    #[schema(max_length = 128)]
    pub download_url: Option<String>,
    /// Length of the file in bytes.
    #[schema(minimum = 0)]
    pub bytes: Option<u64>,
    /// SHA-256 of the file, in hexadecimal.
    #[schema(min_length = 64, max_length = 64)]
    pub sha256: Option<String>,
    pub error: Option<JobFaultBody>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    /// The file can be downloaded until then.
    pub expires_at: Option<Timestamp>,
}

impl TryFrom<Job> for ReportBody {
    type Error = Problem;

    fn try_from(job: Job) -> Result<Self, Problem> {
        let progress = job.progress();
        let unreadable =
            |error: serde_json::Error| Problem::new(ProblemCode::InternalError).caused_by(error);
        let order: ReportOrder = serde_json::from_value(job.parameters).map_err(unreadable)?;
        let complete = job.status == JobStatus::Complete;
        let file: Option<ReportFile> = match job.result {
            Some(result) if complete => Some(serde_json::from_value(result).map_err(unreadable)?),
            _ => None,
        };
        Ok(Self {
            job_id: job.id.as_uuid(),
            kind: order.kind.as_str(),
            format: order.format.as_str(),
            from: order.period.from.into(),
            to: order.period.to.into(),
            status: job.status.as_str(),
            progress,
            rows: job.rows_done,
            download_url: complete.then(|| format!("/v1/reports/{}/download", job.id)),
            bytes: file.as_ref().map(|file| file.bytes),
            sha256: file.map(|file| file.sha256),
            error: job.fault.map(JobFaultBody::from),
            created_at: job.created_at.into(),
            started_at: job.started_at.map(Timestamp::from),
            completed_at: job.completed_at.map(Timestamp::from),
            expires_at: job.expires_at.filter(|_| complete).map(Timestamp::from),
        })
    }
}
