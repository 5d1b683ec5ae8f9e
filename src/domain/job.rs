//! Long jobs: what is asked for once, done by whichever worker holds its lease, and looked at until it is over.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Violation;
use super::ids::{JobId, UserId};

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    Report,
    ProductImport,
}

impl JobKind {
    pub const ALL: [Self; 2] = [Self::Report, Self::ProductImport];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::ProductImport => "product_import",
        }
    }

    /// What the message that a job waits is called: between our own parts, no event for others.
    pub fn topic(self) -> &'static str {
        match self {
            Self::Report => "report.requested",
            Self::ProductImport => "import.requested",
        }
    }
}

impl std::str::FromStr for JobKind {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Violation::new("invalid_value", "is no kind of job"))
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    Queued,
    Processing,
    Complete,
    Failed,
    Cancelled,
}

impl JobStatus {
    const ALL: [Self; 5] =
        [Self::Queued, Self::Processing, Self::Complete, Self::Failed, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing more comes of it.
    pub fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Processing => false,
            Self::Complete | Self::Failed | Self::Cancelled => true,
        }
    }
}

impl std::str::FromStr for JobStatus {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Violation::new("invalid_value", "is no status of a job"))
    }
}

/// Why a job failed: a stable code, and words for whoever asked for it, with nothing internal in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFault {
    pub code: String,
    pub detail: String,
}

impl JobFault {
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), detail: detail.into() }
    }
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    pub owner: UserId,
    /// Whose rows it tells of; `None`: everybody's.
    pub about: Option<UserId>,
    /// What was asked for; its form is the kind's.
    pub parameters: serde_json::Value,
    pub status: JobStatus,
    /// How often it was taken, but for those who gave it back.
    pub tries: i32,
    pub rows_done: i64,
    pub rows_to_do: Option<i64>,
    /// What came of it, or has come of it so far; its form is the kind's.
    pub result: Option<serde_json::Value>,
    pub fault: Option<JobFault>,
    pub request_id: String,
    pub trace_parent: Option<String>,
    pub created_at: OffsetDateTime,
    pub started_at: Option<OffsetDateTime>,
    pub completed_at: Option<OffsetDateTime>,
    pub expires_at: Option<OffsetDateTime>,
}

impl Job {
    /// 0 to 100; 100 is said of a complete job alone.
    pub fn progress(&self) -> u8 {
        if self.status == JobStatus::Complete {
            return 100;
        }
        let percent = self.rows_to_do.filter(|rows| *rows > 0).map_or(0, |to_do| {
            let done = i128::from(self.rows_done.max(0));
            done * 100 / i128::from(to_do)
        });
        u8::try_from(percent).unwrap_or(99).min(99)
    }

    /// Its files are gone by now.
    pub fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}
