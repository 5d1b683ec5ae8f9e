//! Orders against their lines and their payments.

use sqlx::PgConnection;

use super::Offence;
use crate::store::StoreError;

/// Orders whose total is not the sum of their lines.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.orders.list_wrong_totals", level = "debug", skip_all)]
pub async fn list_wrong_totals(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'order ' || orders.id AS "row!",
                  format('total %s, lines %s', total_amount, coalesce(lines.sum, 0)) AS "detail!"
           FROM orders
           LEFT JOIN (SELECT order_id, sum(amount) AS sum FROM order_items GROUP BY order_id) AS lines
                  ON lines.order_id = orders.id
           WHERE lines.sum IS DISTINCT FROM total_amount
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Orders whose amounts paid and refunded are not the sums of their payments.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.orders.list_wrong_sums", level = "debug", skip_all)]
pub async fn list_wrong_sums(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'order ' || orders.id AS "row!",
                  format('paid %s and refunded %s, its payments %s and %s', paid_amount, refunded_amount,
                         coalesce(sums.captured, 0), coalesce(sums.refunded, 0)) AS "detail!"
           FROM orders
           LEFT JOIN (SELECT order_id, sum(amount_captured) AS captured, sum(amount_refunded) AS refunded
                      FROM payments WHERE applied AND order_id IS NOT NULL GROUP BY order_id) AS sums
                  ON sums.order_id = orders.id
           WHERE paid_amount <> coalesce(sums.captured, 0) OR refunded_amount <> coalesce(sums.refunded, 0)
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Orders for which more was captured, or may still be, than they cost.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.orders.list_overpaid", level = "debug", skip_all)]
pub async fn list_overpaid(conn: &mut PgConnection, most: i64) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'order ' || orders.id AS "row!",
                  format('total %s, captured and under way %s', total_amount, sums.taken) AS "detail!"
           FROM orders
           JOIN (SELECT order_id,
                        sum(CASE WHEN status IN ('processing', 'requires_capture') THEN amount
                                 ELSE amount_captured END) AS taken
                 FROM payments WHERE applied AND order_id IS NOT NULL GROUP BY order_id) AS sums
             ON sums.order_id = orders.id
           WHERE sums.taken > total_amount
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Orders in a state that their amounts contradict.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.orders.list_wrong_states", level = "debug", skip_all)]
pub async fn list_wrong_states(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'order ' || id AS "row!",
                  format('%s with total %s, paid %s, refunded %s', status, total_amount, paid_amount,
                         refunded_amount) AS "detail!"
           FROM orders
           WHERE NOT CASE status
                     WHEN 'pending' THEN paid_amount < total_amount
                     WHEN 'paid' THEN paid_amount = total_amount AND refunded_amount < paid_amount
                     WHEN 'fulfilled' THEN paid_amount = total_amount AND refunded_amount < paid_amount
                     WHEN 'refunded' THEN paid_amount = total_amount AND refunded_amount = paid_amount
                     WHEN 'cancelled' THEN paid_amount = 0
                     -- What was paid in part goes back; until it is there a refund is under way.
                     WHEN 'expired' THEN paid_amount < total_amount AND (
                         refunded_amount = paid_amount
                         OR EXISTS (SELECT FROM payments JOIN refunds ON refunds.payment_id = payments.id
                                    WHERE payments.order_id = orders.id AND refunds.status <> 'succeeded'))
                     ELSE false END
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
