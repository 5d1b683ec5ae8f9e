//! The mail to whoever asked for a report that is made: where it lies and until when; the file itself stays there.

use askama::Template;
use futures_util::future::FutureExt;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::SendMailError;
use super::kind::{Draft, MailKind, Words};
use crate::config::BaseUrl;
use crate::domain::access::Reach;
use crate::domain::event::Event;
use crate::domain::ids::JobId;
use crate::domain::job::JobKind;
use crate::domain::report::{ReportFormat, ReportKind};
use crate::domain::thousands::Thousands;
use crate::domain::user::User;
use crate::domain::utc::Readable;
use crate::store;
use crate::store::jobs::Sight;

pub(super) static KIND: MailKind = MailKind {
    name: "report_ready",
    topic: "report.completed",
    draft: |conn, told| async move { draft(conn, &told.event()?, told.now).await }.boxed(),
};

/// Whoever asked for a report may have removed it before this mail is due, or its time is over: then there is nothing
/// to tell.
async fn draft(
    conn: &mut PgConnection,
    event: &Event,
    now: OffsetDateTime,
) -> Result<Option<Draft>, SendMailError> {
    let &Event::ReportCompleted { job_id, kind, format, rows, .. } = event else {
        return Err(SendMailError::OtherEvent { expected: "finished report" });
    };
    let everyone = Reach::Everyone;
    let sight = Sight { kind: JobKind::Report, owners: everyone, about: everyone };
    let Some(job) = store::jobs::find(conn, job_id, sight).await? else { return Ok(None) };
    let Some(kept_until) = job.expires_at.filter(|at| *at > now) else { return Ok(None) };
    let report = Report { id: job.id, kind, format, rows, kept_until };
    Ok(Some(Draft::new(job.owner, move |to, public_url| write(to, public_url, &report))))
}

struct Report {
    id: JobId,
    kind: ReportKind,
    format: ReportFormat,
    rows: u64,
    kept_until: OffsetDateTime,
}

struct Facts<'a> {
    name: &'a str,
    kind: ReportKind,
    format: ReportFormat,
    rows: String,
    url: String,
    kept_until: Readable,
}

#[derive(Template)]
#[template(path = "report_ready.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "report_ready.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(to: &User, public_url: &BaseUrl, report: &Report) -> Result<Words, askama::Error> {
    let mail = &Facts {
        name: &to.name,
        kind: report.kind,
        format: report.format,
        rows: match report.rows {
            1 => "1 row".to_owned(),
            rows => format!("{} rows", Thousands(rows)),
        },
        url: public_url.join(&format!("/v1/reports/{}/download", report.id)),
        kept_until: Readable(report.kept_until),
    };
    Words::of(format!("Your {} report is ready", mail.kind), &Text { mail }, &Html { mail })
}
