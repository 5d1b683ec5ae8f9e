//! Asks for a report: the job, its message and the outcome of the request's key in one transaction.

use scoped_futures::ScopedFutureExt;

use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::{JobId, UserId};
use crate::domain::job::JobKind;
use crate::domain::report::ReportOrder;
use crate::service::idempotency::{self, Answer};
use crate::service::jobs::{JobsError, ask};
use crate::service::outcome::Outcome;
use crate::service::{Cause, Services};
use crate::store::jobs::NewJob;

/// A command: make a report.
#[derive(Debug, Clone, Copy)]
pub struct RequestReport {
    pub order: ReportOrder,
    pub owner: UserId,
    /// Whose rows it has; `None`: everybody's.
    pub about: Option<UserId>,
}

/// Comes to [`Outcome::ReportRequested`].
///
/// # Errors
/// A [`JobsError`] of the key or of the store; nothing was asked for.
#[tracing::instrument(name = "service.reports.request", skip_all)]
pub async fn request(
    services: &Services,
    keyed: Option<&KeyedRequest>,
    cause: &Cause,
    command: RequestReport,
) -> Result<Answer, JobsError> {
    let parameters = serde_json::to_value(command.order)?;
    let parameters = &parameters;
    idempotency::run(services, keyed, move |conn| {
        async move {
            let id: JobId = services.ambient.id();
            let job = NewJob {
                id,
                kind: JobKind::Report,
                owner: command.owner,
                about: command.about,
                parameters,
                rows_to_do: None,
                request_id: &cause.request_id,
                trace_parent: cause.trace_parent.as_deref(),
            };
            ask(conn, services, cause, job).await?;
            Ok(Outcome::ReportRequested { job_id: id })
        }
        .scope_boxed()
    })
    .await
}
