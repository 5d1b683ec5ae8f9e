//! Hands a job that was asked for to this worker's long jobs; from then on the job's row keeps it, and the message is done.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use serde::Deserialize;

use super::Consume;
use crate::domain::ids::JobId;
use crate::domain::message::Message;
use crate::worker::delivery::Failure;
use crate::worker::long_jobs::LongJobs;

/// Names its queue.
pub(super) const LONG_JOBS: &str = "long_jobs";

/// What the message says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Requested {
    job_id: JobId,
}

#[derive(Debug)]
pub(super) struct JobRequested {
    jobs: Arc<LongJobs>,
}

impl JobRequested {
    pub(super) fn new(jobs: Arc<LongJobs>) -> Self {
        Self { jobs }
    }

    async fn offer(&self, message: &Message) -> Result<(), Failure> {
        let Requested { job_id } = Deserialize::deserialize(&message.payload)
            .map_err(|error: serde_json::Error| Failure::Permanent(error.into()))?;
        self.jobs.offer(job_id).await.map_err(|error| Failure::Temporary(error.into()))
    }
}

impl Consume for JobRequested {
    fn name(&self) -> &'static str {
        LONG_JOBS
    }

    fn topics(&self) -> &'static [&'static str] {
        &["report.requested", "import.requested"]
    }

    fn consume<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        self.offer(message).boxed()
    }
}
