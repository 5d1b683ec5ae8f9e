//! Payments against their refunds, their orders and what is under way at the gateway.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Offence;
use crate::store::StoreError;

/// Payments whose refunded amount is not the sum of their refunds, or is more than was captured.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.payments.list_wrong_refunds", level = "debug", skip_all)]
pub async fn list_wrong_refunds(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'payment ' || payments.id AS "row!",
                  format('captured %s, refunded %s, its refunds %s and %s under way', amount_captured,
                         amount_refunded, coalesce(sums.done, 0), coalesce(sums.open, 0)) AS "detail!"
           FROM payments
           LEFT JOIN (SELECT payment_id,
                             coalesce(sum(amount) FILTER (WHERE status = 'succeeded'), 0) AS done,
                             coalesce(sum(amount) FILTER (WHERE status = 'processing'), 0) AS open
                      FROM refunds GROUP BY payment_id) AS sums
                  ON sums.payment_id = payments.id
           WHERE amount_refunded <> coalesce(sums.done, 0)
              OR coalesce(sums.done, 0) + coalesce(sums.open, 0) > amount_captured
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Payments and refunds in another currency, or of another customer, than what they belong to.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.payments.list_strangers", level = "debug", skip_all)]
pub async fn list_strangers(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'payment ' || payments.id AS "row!",
                  format('%s of %s for an order in %s of %s', payments.currency, payments.customer_id,
                         orders.currency, orders.customer_id) AS "detail!"
           FROM payments JOIN orders ON orders.id = payments.order_id
           WHERE payments.currency <> orders.currency OR payments.customer_id <> orders.customer_id
           UNION ALL
           SELECT 'refund ' || refunds.id,
                  format('%s of a payment in %s', refunds.currency, payments.currency)
           FROM refunds JOIN payments ON payments.id = refunds.payment_id
           WHERE refunds.currency <> payments.currency
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Payments and refunds that wait for an answer that nobody asks for, and questions about what is decided.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.payments.list_abandoned", level = "debug", skip_all)]
pub async fn list_abandoned(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'payment ' || id AS "row!", 'processing without a live charge' AS "detail!"
           FROM payments
           WHERE status = 'processing'
             AND NOT EXISTS (SELECT FROM payment_attempts
                             WHERE payment_id = payments.id AND kind = 'charge' AND state = 'live')
           UNION ALL
           SELECT 'refund ' || id, 'processing without a live attempt' FROM refunds
           WHERE status = 'processing'
             AND NOT EXISTS (SELECT FROM payment_attempts
                             WHERE refund_id = refunds.id AND state = 'live')
           UNION ALL
           SELECT 'attempt ' || payment_attempts.id,
                  format('live %s of a payment that is %s', kind, payments.status)
           FROM payment_attempts JOIN payments ON payments.id = payment_attempts.payment_id
           WHERE state = 'live'
             AND payments.status <> CASE kind WHEN 'charge' THEN 'processing'
                                              WHEN 'refund' THEN 'succeeded'
                                              ELSE 'requires_capture' END
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many payments and refunds wait for the gateway's answer, and since when the oldest does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InDoubt {
    pub count: i64,
    pub oldest: Option<OffsetDateTime>,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.payments.find_in_doubt", level = "debug", skip_all)]
pub async fn find_in_doubt(conn: &mut PgConnection) -> Result<InDoubt, StoreError> {
    let in_doubt = sqlx::query_as!(
        InDoubt,
        r#"SELECT count(*) AS "count!", min(created_at) AS oldest
           FROM payment_attempts WHERE state = 'live'"#
    )
    .fetch_one(conn)
    .await?;
    Ok(in_doubt)
}
