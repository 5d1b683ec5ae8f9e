//! Our journal against the payment gateway's own record, charge by charge, with what differs.
//!
//! The record is walked a page at a time, and ours is looked up for each page. Both sides go on changing meanwhile, so
//! what differs is asked again before it is written. If fewer of our payments were met than the gateway must know, each of
//! those is looked up there. However long the two are, the memory this takes is that of a page.

use std::collections::BTreeMap;

use scoped_futures::ScopedFutureExt;
use uuid::Uuid;

use super::sink::Sink;
use crate::clients::payment_gateway::RecordedCharge;
use crate::domain::report::{Cell, ReportScope};
use crate::service::jobs::{Jobs, NotDone};
use crate::service::transact::read;
use crate::store::reports::{self, Booked};

/// Payments of ours that are looked up at a time.
const LOOKED_UP: i64 = 1_000;

pub(super) async fn reconcile(
    jobs: &Jobs,
    scope: &ReportScope,
    sink: &mut Sink<'_>,
) -> Result<(), NotDone> {
    let held = read(&jobs.services.pool, |conn| {
        async move { Ok::<_, NotDone>(reports::count_held(conn, scope).await?) }.scope_boxed()
    })
    .await?;
    sink.expect(held).await?;
    let met = walk_record(jobs, scope, sink).await?;
    if met < held {
        walk_ours(jobs, scope, sink).await?;
    }
    Ok(())
}

/// Writes every charge on record; how many of ours the gateway must know were among them.
async fn walk_record(
    jobs: &Jobs,
    scope: &ReportScope,
    sink: &mut Sink<'_>,
) -> Result<i64, NotDone> {
    let mut met = 0;
    let mut after = Some(0);
    while let Some(place) = after {
        let page = jobs.gateway.page(place).await?;
        let keys: Vec<Uuid> =
            page.data.iter().filter_map(|charge| charge.key.parse().ok()).collect();
        let booked = booked(jobs, &keys).await?;
        for charge in page.data {
            let ours = booked.get(&charge.key);
            let made = ours.map_or(charge.created_at, |ours| ours.created_at);
            if !scope.period.includes(made) {
                continue;
            }
            met += i64::from(ours.is_some_and(|ours| ours.held));
            let mut difference = difference(ours, Some(&charge));
            let again;
            let mut sides = (ours, Some(&charge));
            if !difference.is_empty() {
                again = ask_again(jobs, &charge.key).await?;
                sides = (again.0.as_ref(), again.1.as_ref());
                difference = self::difference(sides.0, sides.1);
            }
            sink.row(&cells(&charge.key, sides, difference)).await?;
        }
        after = page.next;
    }
    Ok(met)
}

/// Writes those of ours that are not on record.
async fn walk_ours(jobs: &Jobs, scope: &ReportScope, sink: &mut Sink<'_>) -> Result<(), NotDone> {
    let mut after = Uuid::nil();
    loop {
        let ids = read(&jobs.services.pool, |conn| {
            async move {
                Ok::<_, NotDone>(reports::list_held(conn, scope, after, LOOKED_UP).await?)
            }
            .scope_boxed()
        })
        .await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = *last;
        for id in ids {
            let key = id.to_string();
            if jobs.gateway.find(&key).await?.is_none() {
                let ours = booked(jobs, &[id]).await?;
                let ours = ours.get(&key);
                let difference = difference(ours, None);
                sink.row(&cells(&key, (ours, None), difference)).await?;
            }
        }
    }
}

async fn ask_again(
    jobs: &Jobs,
    key: &str,
) -> Result<(Option<Booked>, Option<RecordedCharge>), NotDone> {
    let theirs = jobs.gateway.find(key).await?;
    let ours = match key.parse() {
        Ok(id) => booked(jobs, &[id]).await?.remove(key),
        Err(_no_key_of_ours) => None,
    };
    Ok((ours, theirs))
}

async fn booked(jobs: &Jobs, keys: &[Uuid]) -> Result<BTreeMap<String, Booked>, NotDone> {
    let found = read(&jobs.services.pool, |conn| {
        async move { Ok::<_, NotDone>(reports::list_booked(conn, keys).await?) }.scope_boxed()
    })
    .await?;
    Ok(found.into_iter().map(|booked| (booked.key.clone(), booked)).collect())
}

/// In what the two differ; empty where they agree.
fn difference(ours: Option<&Booked>, theirs: Option<&RecordedCharge>) -> String {
    let (ours, theirs) = match (ours, theirs) {
        (Some(ours), _) if ours.in_doubt => return "in_doubt".to_owned(),
        (Some(ours), Some(theirs)) => (ours, theirs),
        (Some(_), None) => return "missing_at_gateway".to_owned(),
        (None, _) => return "missing_here".to_owned(),
    };
    let status = match theirs.status.as_str() {
        "authorized" => "requires_capture",
        "captured" => "succeeded",
        "declined" => "failed",
        other => other,
    };
    let differs = [
        ("status", ours.status != status),
        ("currency", ours.currency != theirs.currency),
        ("amount", ours.amount != theirs.amount),
        ("captured", ours.captured != theirs.amount_captured),
        ("refunded", ours.refunded != theirs.amount_refunded),
    ];
    let named: Vec<_> =
        differs.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    named.join(" ")
}

fn cells(
    key: &str,
    (ours, theirs): (Option<&Booked>, Option<&RecordedCharge>),
    difference: String,
) -> Vec<Cell> {
    let currency = ours.map(|ours| &ours.currency).or(theirs.map(|theirs| &theirs.currency));
    let made = ours.map(|ours| ours.created_at).or(theirs.map(|theirs| theirs.created_at));
    vec![
        key.to_owned().into(),
        currency.cloned().into(),
        ours.map(|ours| ours.status.clone()).into(),
        ours.map(|ours| ours.amount).into(),
        ours.map(|ours| ours.captured).into(),
        ours.map(|ours| ours.refunded).into(),
        theirs.map(|theirs| theirs.status.clone()).into(),
        theirs.map(|theirs| theirs.amount).into(),
        theirs.map(|theirs| theirs.amount_captured).into(),
        theirs.map(|theirs| theirs.amount_refunded).into(),
        if difference.is_empty() { Cell::Empty } else { difference.into() },
        made.into(),
    ]
}
