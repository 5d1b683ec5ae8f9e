//! Payments against what the gateway has on its own record, a page of it at a time.

use sqlx::PgConnection;

use super::Offence;
use crate::store::StoreError;

/// One charge as the gateway has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Our key: the payment's id.
    pub key: String,
    /// `processing`, `authorized`, `captured`, `declined` or `canceled`.
    pub status: String,
    pub currency: String,
    /// Minor units, as the other amounts.
    pub amount: i64,
    pub captured: i64,
    pub refunded: i64,
}

/// Charges of which we have no payment, or another; payments whose answer is still awaited are passed over.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.gateway.list_differences", level = "debug", skip_all)]
pub async fn list_differences(
    conn: &mut PgConnection,
    page: &[Recorded],
) -> Result<Vec<(String, Offence)>, StoreError> {
    let keys: Vec<String> = page.iter().map(|charge| charge.key.clone()).collect();
    let statuses: Vec<String> = page.iter().map(|charge| charge.status.clone()).collect();
    let currencies: Vec<String> = page.iter().map(|charge| charge.currency.clone()).collect();
    let amounts: Vec<i64> = page.iter().map(|charge| charge.amount).collect();
    let captured: Vec<i64> = page.iter().map(|charge| charge.captured).collect();
    let refunded: Vec<i64> = page.iter().map(|charge| charge.refunded).collect();
    let rows = sqlx::query!(
        r#"SELECT theirs.key AS "key!",
                  format('%s of %s %s, captured %s, refunded %s; here %s', theirs.status, theirs.amount,
                         theirs.currency, theirs.captured, theirs.refunded,
                         CASE WHEN payments.id IS NULL THEN 'nothing'
                              ELSE format('%s of %s %s, captured %s, refunded %s', payments.status,
                                          payments.amount, payments.currency, amount_captured,
                                          amount_refunded) END) AS "detail!"
           FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
                AS theirs (key, status, currency, amount, captured, refunded)
           LEFT JOIN payments ON payments.id::text = theirs.key
           WHERE NOT EXISTS (SELECT FROM payment_attempts
                             WHERE payment_id = payments.id AND state = 'live')
             AND (payments.id IS NULL
                  OR (payments.amount, payments.currency, amount_captured, amount_refunded)
                     <> (theirs.amount, theirs.currency, theirs.captured, theirs.refunded)
                  OR payments.status <> CASE theirs.status WHEN 'authorized' THEN 'requires_capture'
                                                           WHEN 'captured' THEN 'succeeded'
                                                           WHEN 'declined' THEN 'failed'
                                                           ELSE theirs.status END)"#,
        &keys,
        &statuses,
        &currencies,
        &amounts,
        &captured,
        &refunded
    )
    .fetch_all(conn)
    .await?;
    let offence = |key: &str, detail| Offence { row: format!("gateway charge {key}"), detail };
    Ok(rows.into_iter().map(|row| (row.key.clone(), offence(&row.key, row.detail))).collect())
}

/// What the gateway must know, summed up over all currencies: a figure to compare, not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub payments: i64,
    pub captured: i64,
    pub refunded: i64,
}

/// Ids of payments that the gateway must know (money was captured or set aside, and nothing is awaited), after one id, in
/// the order of ids.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.check.gateway.list_known_to_gateway",
    level = "debug",
    skip_all
)]
pub async fn list_known_to_gateway(
    conn: &mut PgConnection,
    after: uuid::Uuid,
    most: i64,
) -> Result<Vec<uuid::Uuid>, StoreError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM payments
         WHERE id > $1 AND (amount_captured > 0 OR status = 'requires_capture')
         ORDER BY id LIMIT $2",
        after,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// How many payments the gateway must know, and their sums.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.gateway.find_held", level = "debug", skip_all)]
pub async fn find_held(conn: &mut PgConnection) -> Result<Held, StoreError> {
    let held = sqlx::query_as!(
        Held,
        r#"SELECT count(*) AS "payments!", coalesce(sum(amount_captured), 0)::bigint AS "captured!",
                  coalesce(sum(amount_refunded), 0)::bigint AS "refunded!"
           FROM payments WHERE amount_captured > 0 OR status = 'requires_capture'"#
    )
    .fetch_one(conn)
    .await?;
    Ok(held)
}
