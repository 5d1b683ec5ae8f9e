//! Stock rows and why they changed; whoever locks several does it in id order, so that nobody waits in a circle.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::ids::{AdjustmentId, Id, ProductId, UserId};
use crate::domain::money::{Amount, Currency};
use crate::domain::stock::{AdjustmentReason, Offer, StockDelta};

/// A change of stock that no order made.
#[derive(Debug, Clone)]
pub struct NewAdjustment<'a> {
    pub id: AdjustmentId,
    pub product_id: ProductId,
    pub delta: StockDelta,
    pub reason: &'a AdjustmentReason,
    pub made_by: UserId,
}

/// An empty stock for a new product.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.stock.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    product: ProductId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO stock (product_id, available, updated_at) VALUES ($1, 0, $2)",
        product.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many pieces can be ordered now; `None` where there is no such product.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.stock.find", level = "debug", skip_all)]
pub async fn find(conn: &mut PgConnection, product: ProductId) -> Result<Option<i64>, StoreError> {
    let available =
        sqlx::query_scalar!("SELECT available FROM stock WHERE product_id = $1", product.as_uuid())
            .fetch_optional(conn)
            .await?;
    Ok(available)
}

/// The same, and nobody else changes it until this transaction ends.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.stock.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    product: ProductId,
) -> Result<Option<i64>, StoreError> {
    let available = sqlx::query_scalar!(
        "SELECT available FROM stock WHERE product_id = $1 FOR UPDATE",
        product.as_uuid()
    )
    .fetch_optional(conn)
    .await?;
    Ok(available)
}

/// Locks the stock of these products in id order and tells what the catalogue offers; unknown ones are left out.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.stock.list_offers_for_update", level = "debug", skip_all)]
pub async fn list_offers_for_update(
    conn: &mut PgConnection,
    products: &[ProductId],
) -> Result<BTreeMap<ProductId, Offer>, StoreError> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.as_uuid()).collect();
    let rows = sqlx::query!(
        "SELECT stock.product_id, available, sku, name, unit_amount, currency, active
         FROM stock JOIN products ON products.id = stock.product_id
         WHERE stock.product_id = ANY($1)
         ORDER BY stock.product_id
         FOR UPDATE OF stock",
        &ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let named = RowKey { table: "products", key: &row.product_id };
            let offer = Offer {
                unit_amount: named.believe("unit_amount", Amount::new(row.unit_amount))?,
                currency: named.believe("currency", Currency::parse(&row.currency))?,
                sku: row.sku,
                name: row.name,
                active: row.active,
                available: row.available,
            };
            Ok((row.product_id.into(), offer))
        })
        .collect()
}

/// Locks the stock of these products in id order.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.stock.lock_for_update", level = "debug", skip_all)]
pub async fn lock_for_update(
    conn: &mut PgConnection,
    products: &[ProductId],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.as_uuid()).collect();
    sqlx::query!(
        "SELECT product_id FROM stock WHERE product_id = ANY($1) ORDER BY product_id FOR UPDATE",
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Adds to the stock of each product its change, which may be negative. The rows must be locked already.
///
/// # Errors
/// [`super::error::Constraint::StockNegative`], or the database doesn't answer.
#[tracing::instrument(name = "store.stock.update_by", level = "debug", skip_all)]
pub async fn update_by(
    conn: &mut PgConnection,
    changes: &BTreeMap<ProductId, i64>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = changes.keys().map(|product| product.as_uuid()).collect();
    let deltas: Vec<i64> = changes.values().copied().collect();
    sqlx::query!(
        "UPDATE stock SET available = available + change.delta, updated_at = $3
         FROM unnest($1::uuid[], $2::bigint[]) AS change (product_id, delta)
         WHERE stock.product_id = change.product_id",
        &ids,
        &deltas,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps why the stock was changed.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.stock.insert_adjustment", level = "debug", skip_all)]
pub async fn insert_adjustment(
    conn: &mut PgConnection,
    adjustment: NewAdjustment<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO stock_adjustments (id, product_id, delta, reason, made_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        adjustment.id.as_uuid(),
        adjustment.product_id.as_uuid(),
        adjustment.delta.get(),
        adjustment.reason.as_str(),
        adjustment.made_by.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
