//! Reads a list in: the file's pieces, its rows, batches of them, each applied with how far the job is.

use futures_util::StreamExt;
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::apply::apply;
use super::list::{Line, read_rows};
use crate::clients::files::Bytes;
use crate::domain::import::ImportResult;
use crate::domain::job::JobFault;
use crate::domain::product::Product;
use crate::resilience::fail_point;
use crate::service::jobs::{FILES_LIVE, Jobs, Leased, NotDone, Watch, folder, lease_until};
use crate::service::products::Changed;
use crate::service::transact::transact;
use crate::store::jobs::{self as rows, Ended, Progress};

/// Rows applied in one transaction.
const BATCH: usize = 100;

/// Pieces of the file, and rows, that may wait.
const PIECES: usize = 4;
const ROWS: usize = 2 * BATCH;

#[derive(Deserialize)]
struct Parameters {
    list: String,
}

/// How far an import is.
#[derive(Debug, Clone)]
struct State {
    rows: i64,
    result: ImportResult,
}

pub(in crate::service) async fn read_in(
    jobs: &Jobs,
    leased: &Leased,
    watch: &Watch<'_>,
) -> Result<(), NotDone> {
    let Parameters { list } = serde_json::from_value(leased.job.parameters.clone())?;
    let result = leased.job.result.clone().map(serde_json::from_value).transpose()?;
    let state = State { rows: leased.job.rows_done, result: result.unwrap_or_default() };
    let state = watch.over(Box::pin(work_off(jobs, leased, &list, state))).await?;
    complete(jobs, leased, &state).await?;
    // The list was taken; what a killed worker left goes with it. If it can't be removed now, it goes when it expires.
    jobs.files.remove_all(&folder(leased.job.id)).await?;
    Ok(())
}

async fn work_off(
    jobs: &Jobs,
    leased: &Leased,
    list: &str,
    mut state: State,
) -> Result<State, NotDone> {
    let (pieces, waiting) = mpsc::channel(PIECES);
    let (lines, mut listed) = mpsc::channel(ROWS);
    let reading = async {
        let read = spawn_blocking(move || read_rows(waiting, &lines)).await;
        let gone = |error: tokio::task::JoinError| NotDone::Encoding(Box::new(error));
        read.map_err(gone)?.map_err(NotDone::Refused)
    };
    let applying = async {
        // What was applied before a worker was lost.
        for _row in 0..state.rows {
            if listed.recv().await.is_none() {
                return Ok(());
            }
        }
        let mut batch: Vec<Line> = Vec::with_capacity(BATCH);
        while listed.recv_many(&mut batch, BATCH).await > 0 {
            state = apply_batch(jobs, leased, &batch, &state).await?;
            batch.clear();
            fail_point::here("jobs.batch");
        }
        Ok(())
    };
    tokio::try_join!(feed(jobs, list, pieces), reading, applying)?;
    Ok(state)
}

async fn feed(jobs: &Jobs, list: &str, pieces: mpsc::Sender<Bytes>) -> Result<(), NotDone> {
    let mut file = jobs.files.read(list, None).await?;
    while let Some(piece) = file.next().await {
        if pieces.send(piece?).await.is_err() {
            // The list can't be read: whoever read it says why.
            return Ok(());
        }
    }
    Ok(())
}

/// The rows and how far the job is, or neither.
async fn apply_batch(
    jobs: &Jobs,
    leased: &Leased,
    batch: &[Line],
    before: &State,
) -> Result<State, NotDone> {
    let services = &jobs.services;
    let applying = transact(&services.pool, move |conn| {
        async move {
            let mut after = before.clone();
            let changed = apply(conn, &services.ambient, batch, &mut after.result).await?;
            after.rows += i64::try_from(batch.len()).unwrap_or(0);
            let result = serde_json::to_value(&after.result)?;
            let progress =
                Progress { rows_done: after.rows, rows_to_do: None, result: Some(&result) };
            let until = lease_until(services.ambient.now());
            if rows::update_progress(conn, leased.held(), progress, until).await? {
                Ok((after, changed))
            } else {
                Err(NotDone::Lost)
            }
        }
        .scope_boxed()
    });
    let changed = |(_, changed): &(State, Vec<Product>)| Changed::Products(changed.clone());
    let (after, _changed) = services.catalogue.change(applying, changed).await?;
    Ok(after)
}

async fn complete(jobs: &Jobs, leased: &Leased, state: &State) -> Result<(), NotDone> {
    let services = &jobs.services;
    let result = &serde_json::to_value(&state.result)?;
    transact(&services.pool, move |conn| {
        async move {
            let at = services.ambient.now();
            let ended = Ended { at, expires_at: at + FILES_LIVE };
            if rows::update_complete(conn, leased.held(), state.rows, result, ended).await? {
                Ok(())
            } else {
                Err(NotDone::Lost)
            }
        }
        .scope_boxed()
    })
    .await
}

impl From<JobFault> for NotDone {
    fn from(fault: JobFault) -> Self {
        Self::Refused(fault)
    }
}
