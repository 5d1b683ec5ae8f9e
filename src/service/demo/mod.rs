//! The demo: a shop with a catalogue, three sign-ins and some weeks of orders, on the sandbox gateway's record too.
//!
//! # Phases of [`seed`]
//! 1. *Begin*: the row `demo_progress` keeps the moment that everything is told from; it is made once.
//! 2. *Open the shop*: sign-ins, customers, catalogue, first deliveries and the orders that the examples name.
//! 3. *Tell the past*, [`BATCH`] orders at a time, until there are as many as wanted.
//!
//! Phases 2 and 3 each tell their part of the past in memory, hand its charges to the gateway, and then write the
//! part together with the new progress in one transaction. What is told follows from the moment of phase 1 and the
//! number of the order alone. So whoever is interrupted, at whatever point, goes on with the next run: the gateway
//! knows charges it has by their keys, and the database has a part and its progress or neither. Of two that run at
//! once, one writes a part and the other finds it written.
//!
//! Orders hold stock as any order does, and a delivery fills up what would run short, so available = deliveries −
//! what living orders hold. Nothing is told to the outbox: these events are over.

mod catalogue;
mod clients;
mod dice;
mod error;
mod examples;
mod keys;
mod past;
mod people;
mod story;
mod webhooks;
mod write;

use scoped_futures::ScopedFutureExt;

pub use self::error::DemoError;
use self::past::Past;
pub use self::people::{PASSWORD, SIGN_INS, SignIn};
use self::story::Shop;
pub use self::webhooks::point_endpoints_at;
use super::Services;
use super::products::Changed;
use super::transact::{read, transact};
pub use crate::clients::payment_gateway::SandboxHistory;
use crate::config::Stage;
pub use crate::store::demo::DemoProgress;
use crate::store::demo::{self as rows, shop::is_without_users};

/// How many orders a demo has unless somebody says otherwise.
pub const ORDERS: u32 = 500;

/// Orders told and written at once; what is kept in memory.
const BATCH: i64 = 1_000;

/// What a seeding works with.
#[derive(Debug)]
pub struct Demo {
    pub services: Services,
    /// The gateway that gets the same charges.
    pub history: SandboxHistory,
    pub stage: Stage,
}

/// Whether a database has the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has none, and may hold what is somebody's own.
    Absent,
    /// It was begun and wants to be gone on with.
    Begun,
    Complete,
}

/// Begins the demo where nobody has an account yet, and says how far it is; for databases that `till up` made itself.
///
/// # Errors
/// [`DemoError`]; never in production.
pub async fn begin_where_new(demo: &Demo) -> Result<Presence, DemoError> {
    refuse_production(demo)?;
    let services = &demo.services;
    transact(&services.pool, |conn| {
        async move {
            if is_without_users(conn).await? {
                rows::insert_progress(conn, services.ambient.now()).await?;
            }
            Ok(match rows::find_progress(conn).await? {
                None => Presence::Absent,
                Some(progress) if is_complete(progress, ORDERS) => Presence::Complete,
                Some(_) => Presence::Begun,
            })
        }
        .scope_boxed()
    })
    .await
}

/// Brings the demo to at least so many orders; one that has them already is left alone. `report` is told how far it
/// has come after each part.
///
/// # Errors
/// [`DemoError`]; what was written stays, and the next run goes on from there.
pub async fn seed(
    demo: &Demo,
    orders: u32,
    mut report: impl FnMut(DemoProgress),
) -> Result<DemoProgress, DemoError> {
    refuse_production(demo)?;
    begin(demo).await?;
    let mut progress = find_progress(demo).await?;
    let shop = Shop {
        told_at: progress.told_at,
        products: catalogue::products(progress.told_at)?,
        customers: people::customers(),
    };
    while !is_complete(progress, orders) {
        if progress.opened_at.is_none() {
            open_shop(demo, &shop, progress).await?;
        } else {
            tell_batch(demo, &shop, progress, orders).await?;
        }
        progress = find_progress(demo).await?;
        report(progress);
    }
    Ok(progress)
}

fn refuse_production(demo: &Demo) -> Result<(), DemoError> {
    match demo.stage {
        Stage::Development => Ok(()),
        Stage::Production => Err(DemoError::Production),
    }
}

fn is_complete(progress: DemoProgress, orders: u32) -> bool {
    progress.opened_at.is_some() && progress.orders >= i64::from(orders)
}

async fn begin(demo: &Demo) -> Result<(), DemoError> {
    let services = &demo.services;
    transact(&services.pool, |conn| {
        async move { Ok(rows::insert_progress(conn, services.ambient.now()).await?) }.scope_boxed()
    })
    .await
}

async fn find_progress(demo: &Demo) -> Result<DemoProgress, DemoError> {
    let found = read(&demo.services.pool, |conn| {
        async move { Ok::<_, DemoError>(rows::find_progress(conn).await?) }.scope_boxed()
    });
    found.await?.ok_or(DemoError::Lost)
}

async fn open_shop(demo: &Demo, shop: &Shop, seen: DemoProgress) -> Result<(), DemoError> {
    let services = &demo.services;
    let people = people::everybody(services, seen.told_at).await?;
    let past = examples::tell(shop)?;
    hand_over(demo, &past).await?;
    let (people, past) = (&people, &past);
    let opening = transact(&services.pool, |conn| {
        async move {
            let Some(progress) = write::still(conn, seen).await? else { return Ok(()) };
            write::shop(conn, &services.ambient, shop, people).await?;
            write::past(conn, &services.ambient, past).await?;
            write::jobs(conn, &services.ambient, shop).await?;
            keys::insert(conn, services, shop.told_at).await?;
            clients::insert(conn, services, shop.told_at).await?;
            let opened_at = Some(services.ambient.now());
            Ok(rows::update_progress(conn, DemoProgress { opened_at, ..progress }).await?)
        }
        .scope_boxed()
    });
    services.catalogue.change(opening, |()| Changed::Lists).await
}

async fn tell_batch(
    demo: &Demo,
    shop: &Shop,
    seen: DemoProgress,
    wanted: u32,
) -> Result<(), DemoError> {
    let end = i64::from(wanted).min(seen.orders + BATCH);
    let mut past = Past::default();
    for number in seen.orders..end {
        story::tell(shop, number.unsigned_abs(), &mut past)?;
    }
    hand_over(demo, &past).await?;
    let (services, past) = (&demo.services, &past);
    transact(&services.pool, |conn| {
        async move {
            let Some(progress) = write::still(conn, seen).await? else { return Ok(()) };
            write::past(conn, &services.ambient, past).await?;
            Ok(rows::update_progress(conn, DemoProgress { orders: end, ..progress }).await?)
        }
        .scope_boxed()
    })
    .await
}

/// Before the database has them: a charge that we know is always on the gateway's record.
async fn hand_over(demo: &Demo, past: &Past) -> Result<(), DemoError> {
    let url = || demo.history.url().as_str().to_owned();
    let handed = demo.history.import(&past.charges()).await;
    handed.map_err(|source| DemoError::Gateway { url: url(), source })
}
