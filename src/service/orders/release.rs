//! Ends orders that were never paid and gives their stock back; whether they may end was decided by the caller.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::ids::{OrderId, ProductId};
use crate::domain::order::{Order, OrderStatus};
use crate::store::{StoreError, orders, stock};

/// Moves the orders, whose rows are locked, to a state that holds no stock.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub(super) async fn release(
    conn: &mut PgConnection,
    ended: &mut [Order],
    status: OrderStatus,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let mut returned: BTreeMap<ProductId, i64> = BTreeMap::new();
    for line in ended.iter().flat_map(|order| &order.lines) {
        *returned.entry(line.product_id).or_default() += i64::from(line.quantity);
    }
    let products: Vec<ProductId> = returned.keys().copied().collect();
    stock::lock_for_update(conn, &products).await?;
    stock::update_by(conn, &returned, now).await?;
    let ids: Vec<OrderId> = ended.iter().map(|order| order.id).collect();
    orders::update_status(conn, &ids, status, now).await?;
    for order in ended {
        order.status = status;
        order.updated_at = now;
    }
    Ok(())
}
