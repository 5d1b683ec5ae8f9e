//! Asks that a received list be read in: the job, its message and the outcome of the request's key in one transaction.

use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::Received;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::UserId;
use crate::domain::job::JobKind;
use crate::service::Cause;
use crate::service::audit::{Act, Author, Entry, Target, record};
use crate::service::idempotency::{self, Answer, Provenance};
use crate::service::jobs::{Jobs, JobsError, ask};
use crate::service::outcome::Outcome;
use crate::store::jobs::NewJob;

/// Comes to [`Outcome::ImportRequested`]. A list that was received before under the same key is not kept twice.
///
/// # Errors
/// A [`JobsError`] of the key or of the store; nothing was asked for.
#[tracing::instrument(name = "service.imports.request", skip_all)]
pub async fn request(
    jobs: &Jobs,
    keyed: Option<&KeyedRequest>,
    (author, cause): (&Author, &Cause),
    (owner, list): (UserId, &Received),
) -> Result<Answer, JobsError> {
    let services = &jobs.services;
    let parameters = &json!({ "list": list.key });
    let answer = idempotency::run_audited(services, keyed, move |conn| {
        async move {
            let job = NewJob {
                id: list.job,
                kind: JobKind::ProductImport,
                owner,
                about: None,
                parameters,
                rows_to_do: Some(list.rows),
                request_id: &cause.request_id,
                trace_parent: cause.trace_parent.as_deref(),
            };
            ask(conn, services, cause, job).await?;
            let entry = Entry { act: Act::ImportProducts, target: Target::Job(list.job) };
            let requested = Outcome::ImportRequested { job_id: list.job };
            let recorded = record(conn, &services.ambient, author, &[entry], requested).await?;
            Ok::<_, idempotency::Halt<JobsError>>(recorded)
        }
        .scope_boxed()
    })
    .await;
    let taken = answer.as_ref().is_ok_and(|answer| answer.provenance == Provenance::Fresh);
    // Where it is not known whether the job was written, the list stays: a worker may want it.
    let unknown = matches!(
        answer,
        Err(JobsError::Store(_) | JobsError::Key(idempotency::KeyError::Store(_)))
    );
    if !taken && !unknown {
        jobs.files.remove(&list.key).await?;
    }
    answer
}
