//! Writes what was told, in the caller's transaction; tells nothing by itself.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::past::Past;
use super::people::{demo_customer, keeper};
use super::story::Shop;
use super::{DemoError, examples};
use crate::domain::ambient::Ambient;
use crate::domain::ids::ProductId;
use crate::domain::import::ImportResult;
use crate::domain::job::JobKind;
use crate::domain::report::{Period, ReportFormat, ReportKind, ReportOrder};
use crate::domain::stock::{AdjustmentReason, StockDelta};
use crate::service::jobs::FILES_LIVE;
use crate::store::demo::shop::DemoUser;
use crate::store::demo::{self as rows, DemoProgress};
use crate::store::jobs::{self as long_jobs, Ended, Held, NewJob};
use crate::store::outbox::Lease;
use crate::store::stock::NewAdjustment;
use crate::store::{orders, stock};

/// What is delivered of each product when the shop opens.
const FIRST_DELIVERY: i64 = 400;

/// Of the two products that the examples order there is always enough.
const PLENTY: i64 = 1_000_000;
const OF_THE_EXAMPLES: usize = 2;

/// Below this much a product is delivered again, up to [`FIRST_DELIVERY`].
const REORDER_BELOW: i64 = 50;

/// The progress, locked, if nobody has changed it since it was seen.
pub(super) async fn still(
    conn: &mut PgConnection,
    seen: DemoProgress,
) -> Result<Option<DemoProgress>, DemoError> {
    let progress = rows::find_progress_for_update(conn).await?;
    Ok(progress.filter(|progress| *progress == seen))
}

/// People, goods and the first delivery.
pub(super) async fn shop(
    conn: &mut PgConnection,
    ambient: &Ambient,
    shop: &Shop,
    people: &[DemoUser],
) -> Result<(), DemoError> {
    rows::shop::insert_users(conn, people).await?;
    rows::shop::insert_products(conn, &shop.products).await?;
    let delivered: BTreeMap<ProductId, i64> = shop
        .products
        .iter()
        .enumerate()
        .map(|(place, product)| {
            (product.id, if place < OF_THE_EXAMPLES { PLENTY } else { FIRST_DELIVERY })
        })
        .collect();
    stock::update_by(conn, &delivered, ambient.now()).await?;
    keep(conn, ambient, &delivered, ambient.now()).await
}

/// The long jobs of the examples: reports that wait for a worker, and an import that is over.
pub(super) async fn jobs(
    conn: &mut PgConnection,
    ambient: &Ambient,
    shop: &Shop,
) -> Result<(), DemoError> {
    let now = ambient.now();
    let period = Period::new(shop.told_at - Duration::days(30), shop.told_at)?;
    let order = ReportOrder { kind: ReportKind::Orders, format: ReportFormat::Csv, period };
    let (parameters, list) = (json!(order), json!({ "list": "" }));
    let job = |id, kind, owner, about, parameters| NewJob {
        id,
        kind,
        owner,
        about,
        parameters,
        rows_to_do: None,
        request_id: "demo",
        trace_parent: None,
    };
    for ending in examples::REPORTS {
        let (id, owner) = (examples::report(ending), demo_customer());
        let report = job(id, JobKind::Report, owner, Some(owner), &parameters);
        long_jobs::insert(conn, report, now).await?;
    }
    let import = job(examples::import(), JobKind::ProductImport, keeper(), None, &list);
    let lease = Lease { token: ambient.id(), until: now };
    let held = Held { id: import.id, token: lease.token };
    long_jobs::insert(conn, import, now).await?;
    long_jobs::lease(conn, held.id, lease, now, 1).await?;
    let products = shop.products.len();
    let result = ImportResult { created: products.try_into().unwrap_or(0), ..Default::default() };
    let rows = i64::try_from(products).unwrap_or(0);
    let ended = Ended { at: now, expires_at: now + FILES_LIVE };
    long_jobs::update_complete(conn, held, rows, &json!(result), ended).await?;
    Ok(())
}

/// Orders, payments and refunds, what was asked of the gateway, the journal, and what it took from the stock.
pub(super) async fn past(
    conn: &mut PgConnection,
    ambient: &Ambient,
    past: &Past,
) -> Result<(), DemoError> {
    take_stock(conn, ambient, past).await?;
    orders::insert(conn, &past.orders).await?;
    rows::past::insert_payments(conn, &past.payments).await?;
    rows::past::insert_refunds(conn, &past.refunds).await?;
    rows::past::insert_attempts(conn, &past.attempts).await?;
    rows::past::insert_entries(conn, &past.entries).await?;
    Ok(())
}

async fn take_stock(
    conn: &mut PgConnection,
    ambient: &Ambient,
    past: &Past,
) -> Result<(), DemoError> {
    let held = past.held();
    let products: Vec<ProductId> = held.keys().copied().collect();
    let offers = stock::list_offers_for_update(conn, &products).await?;
    let left = |product| {
        offers.get(product).map_or(0, |offer| offer.available)
            - held.get(product).copied().unwrap_or(0)
    };
    let delivered: BTreeMap<ProductId, i64> = products
        .iter()
        .filter(|product| left(product) < REORDER_BELOW)
        .map(|product| (*product, FIRST_DELIVERY - left(product)))
        .collect();
    let changes = held
        .iter()
        .map(|(product, pieces)| (*product, delivered.get(product).copied().unwrap_or(0) - pieces))
        .collect();
    stock::update_by(conn, &changes, ambient.now()).await?;
    keep(conn, ambient, &delivered, ambient.now()).await
}

async fn keep(
    conn: &mut PgConnection,
    ambient: &Ambient,
    delivered: &BTreeMap<ProductId, i64>,
    at: OffsetDateTime,
) -> Result<(), DemoError> {
    let reason = AdjustmentReason::parse("delivery")?;
    let adjustments = delivered.iter().map(|(product, pieces)| {
        let delta = StockDelta::new(*pieces)?;
        let (id, product_id) = (ambient.id(), *product);
        Ok(NewAdjustment { id, product_id, delta, reason: &reason, made_by: keeper() })
    });
    let adjustments: Vec<_> = adjustments.collect::<Result<_, DemoError>>()?;
    Ok(rows::shop::insert_adjustments(conn, &adjustments, keeper(), at).await?)
}
