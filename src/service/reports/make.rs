//! Makes a report: writes its rows to a file of this attempt alone, then says in one transaction that it is done.

use futures_util::StreamExt;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;
use sqlx::PgConnection;

use super::reconcile::reconcile;
use super::sink::Sink;
use crate::clients::files::{NewFile, Written};
use crate::domain::event::Event;
use crate::domain::report::{ReportFile, ReportKind, ReportOrder, ReportScope};
use crate::resilience::fail_point;
use crate::service::jobs::{FILES_LIVE, Jobs, Leased, NotDone, Watch, folder};
use crate::service::transact::{snapshot, transact};
use crate::service::{Cause, outbox};
use crate::store::StoreError;
use crate::store::jobs::{self as rows, Ended};
use crate::store::reports::{self, Rows};
use crate::trace_context;

/// The longest time of a statement that reads rows.
const MINUTES: u16 = 30;

/// The file bears the token of the lease: two workers that both believe the job theirs write two files, and the row
/// names the one of the lease that counts.
pub(in crate::service) async fn make(
    jobs: &Jobs,
    leased: &Leased,
    watch: &Watch<'_>,
) -> Result<(), NotDone> {
    let job = &leased.job;
    let order: ReportOrder = serde_json::from_value(job.parameters.clone())?;
    let key = format!("{}/{}.{}", folder(job.id), leased.token, order.format);
    let mut file = jobs.files.create(&key);
    let rows = match watch.over(Box::pin(write(jobs, leased, &order, &mut file))).await {
        Ok(rows) => rows,
        Err(error) => {
            file.abort().await;
            return Err(error);
        }
    };
    let written = match watch.over(async { Ok(file.finish().await?) }).await {
        Ok(written) => written,
        Err(error) => {
            // It may have become whole in the very moment; if it can't be removed now, it goes when the job expires.
            drop(jobs.files.remove(&key).await);
            return Err(error);
        }
    };
    fail_point::here("jobs.written");
    let completed = complete(jobs, leased, &order, report_file(&key, &written, rows)).await;
    if matches!(completed, Err(NotDone::Lost)) {
        // Whoever has the job by now names another file.
        jobs.files.remove(&key).await?;
    }
    completed
}

async fn write(
    jobs: &Jobs,
    leased: &Leased,
    order: &ReportOrder,
    file: &mut NewFile,
) -> Result<i64, NotDone> {
    let scope = ReportScope { period: order.period, customer: leased.job.about };
    let mut sink = Sink::begin(jobs, leased, order, file)?;
    if order.kind == ReportKind::Reconciliation {
        reconcile(jobs, &scope, &mut sink).await?;
        return sink.end().await;
    }
    let filled = &mut sink;
    // A view that nothing is changed in locks nobody out, so that it may wait for the store of files.
    snapshot(&jobs.services.pool, move |conn| {
        async move {
            reports::allow_minutes(conn, MINUTES).await?;
            filled.expect(count(conn, order.kind, &scope).await?).await?;
            let mut rows = stream(conn, order.kind, &scope);
            while let Some(cells) = rows.next().await {
                filled.row(&cells?).await?;
            }
            Ok::<_, NotDone>(())
        }
        .scope_boxed()
    })
    .await?;
    sink.end().await
}

async fn count(
    conn: &mut PgConnection,
    kind: ReportKind,
    scope: &ReportScope,
) -> Result<i64, StoreError> {
    match kind {
        ReportKind::Sales => reports::count_sales(conn, scope).await,
        ReportKind::Orders => reports::count_orders(conn, scope).await,
        ReportKind::Payments => reports::count_payments(conn, scope).await,
        ReportKind::Ledger => reports::count_ledger(conn, scope).await,
        ReportKind::Reconciliation => reports::count_held(conn, scope).await,
    }
}

fn stream<'c>(conn: &'c mut PgConnection, kind: ReportKind, scope: &ReportScope) -> Rows<'c> {
    match kind {
        ReportKind::Sales => reports::stream_sales(conn, scope),
        ReportKind::Orders => reports::stream_orders(conn, scope),
        ReportKind::Payments => reports::stream_payments(conn, scope),
        ReportKind::Ledger => reports::stream_ledger(conn, scope),
        // It has no rows of this kind: it is made from two records.
        ReportKind::Reconciliation => futures_util::stream::empty().boxed(),
    }
}

fn report_file(key: &str, written: &Written, rows: i64) -> ReportFile {
    ReportFile {
        key: key.to_owned(),
        bytes: written.bytes,
        sha256: written.digest().iter().map(|byte| format!("{byte:02x}")).collect(),
        rows: rows.unsigned_abs(),
    }
}

async fn complete(
    jobs: &Jobs,
    leased: &Leased,
    order: &ReportOrder,
    file: ReportFile,
) -> Result<(), NotDone> {
    let (services, job) = (&jobs.services, &leased.job);
    let rows = file.rows;
    let result: Value = serde_json::to_value(file)?;
    let result = &result;
    let trace_parent = trace_context::current_or(job.trace_parent.as_deref());
    let cause = &Cause { request_id: job.request_id.clone(), trace_parent };
    transact(&services.pool, move |conn| {
        async move {
            let at = services.ambient.now();
            let ended = Ended { at, expires_at: at + FILES_LIVE };
            let told = i64::try_from(rows).unwrap_or(i64::MAX);
            if !rows::update_complete(conn, leased.held(), told, result, ended).await? {
                return Err(NotDone::Lost);
            }
            let completed = Event::ReportCompleted {
                job_id: job.id,
                customer_id: job.owner,
                kind: order.kind,
                format: order.format,
                rows,
            };
            Ok(outbox::publish(conn, &services.ambient, cause, &[completed]).await?)
        }
        .scope_boxed()
    })
    .await
}
