//! Stock against what was put in and what orders hold.

use sqlx::PgConnection;

use super::Offence;
use crate::store::StoreError;

/// Stocks that are not what was put in less what living orders hold.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.stock.list_not_conserved", level = "debug", skip_all)]
pub async fn list_not_conserved(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'stock of product ' || stock.product_id AS "row!",
                  format('%s there, %s put in, %s held by orders', available, coalesce(put.sum, 0),
                         coalesce(held.sum, 0)) AS "detail!"
           FROM stock
           LEFT JOIN (SELECT product_id, sum(delta) AS sum FROM stock_adjustments GROUP BY product_id) AS put
                  ON put.product_id = stock.product_id
           LEFT JOIN (SELECT product_id, sum(quantity) AS sum
                      FROM order_items JOIN orders ON orders.id = order_id
                      WHERE status NOT IN ('cancelled', 'expired') GROUP BY product_id) AS held
                  ON held.product_id = stock.product_id
           WHERE available <> coalesce(put.sum, 0) - coalesce(held.sum, 0)
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
