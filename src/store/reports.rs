//! What reports tell of, row after row as Postgres hands them out, so that no number of them takes more memory; and
//! how many there will be. Whoever reads both on one view of the database gets as many rows as were counted.

use futures_util::stream::{BoxStream, StreamExt};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::ids::Id;
use crate::domain::report::{Cell, ReportScope};

/// The cells of a report, row after row.
pub type Rows<'c> = BoxStream<'c, Result<Vec<Cell>, StoreError>>;

fn customer(scope: &ReportScope) -> Option<Uuid> {
    scope.customer.map(Id::as_uuid)
}

/// A statement of this transaction may take so long; a report is no request that somebody waits for.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.allow_minutes", level = "debug", skip_all)]
pub async fn allow_minutes(conn: &mut PgConnection, minutes: u16) -> Result<(), StoreError> {
    let longest = format!("{minutes}min");
    sqlx::query!("SELECT set_config('statement_timeout', $1, true)", longest)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.count_orders", level = "debug", skip_all)]
pub async fn count_orders(conn: &mut PgConnection, scope: &ReportScope) -> Result<i64, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT count(*) AS "rows!" FROM orders
           WHERE created_at >= $1 AND created_at < $2 AND ($3::uuid IS NULL OR customer_id = $3)"#,
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch_one(conn)
    .await?;
    Ok(rows)
}

/// Orders of the period, the oldest first.
pub fn stream_orders<'c>(conn: &'c mut PgConnection, scope: &ReportScope) -> Rows<'c> {
    sqlx::query!(
        "SELECT id, customer_id, status, currency, total_amount, paid_amount, refunded_amount, created_at,
                updated_at
         FROM orders
         WHERE created_at >= $1 AND created_at < $2 AND ($3::uuid IS NULL OR customer_id = $3)
         ORDER BY created_at, id",
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch(conn)
    .map(|row| {
        let row = row?;
        Ok(vec![
            row.id.into(),
            row.customer_id.into(),
            row.status.into(),
            row.currency.into(),
            row.total_amount.into(),
            row.paid_amount.into(),
            row.refunded_amount.into(),
            row.created_at.into(),
            row.updated_at.into(),
        ])
    })
    .boxed()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.count_payments", level = "debug", skip_all)]
pub async fn count_payments(
    conn: &mut PgConnection,
    scope: &ReportScope,
) -> Result<i64, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT count(*) AS "rows!" FROM payments
           WHERE created_at >= $1 AND created_at < $2 AND ($3::uuid IS NULL OR customer_id = $3)"#,
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch_one(conn)
    .await?;
    Ok(rows)
}

/// Payments of the period, the oldest first.
pub fn stream_payments<'c>(conn: &'c mut PgConnection, scope: &ReportScope) -> Rows<'c> {
    sqlx::query!(
        "SELECT id, order_id, customer_id, status, amount, amount_captured, amount_refunded, currency,
                payment_method, capture_method, failure_code, failure_message, created_at, updated_at
         FROM payments
         WHERE created_at >= $1 AND created_at < $2 AND ($3::uuid IS NULL OR customer_id = $3)
         ORDER BY created_at, id",
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch(conn)
    .map(|row| {
        let row = row?;
        Ok(vec![
            row.id.into(),
            row.order_id.into(),
            row.customer_id.into(),
            row.status.into(),
            row.amount.into(),
            row.amount_captured.into(),
            row.amount_refunded.into(),
            row.currency.into(),
            row.payment_method.into(),
            row.capture_method.into(),
            row.failure_code.into(),
            row.failure_message.into(),
            row.created_at.into(),
            row.updated_at.into(),
        ])
    })
    .boxed()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.count_ledger", level = "debug", skip_all)]
pub async fn count_ledger(conn: &mut PgConnection, scope: &ReportScope) -> Result<i64, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT count(*) AS "rows!"
           FROM journal_entries
           JOIN journal_lines ON journal_lines.entry_id = journal_entries.id
           JOIN payments ON payments.id = journal_entries.payment_id
           WHERE recorded_at >= $1 AND recorded_at < $2 AND ($3::uuid IS NULL OR customer_id = $3)"#,
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch_one(conn)
    .await?;
    Ok(rows)
}

/// Lines of the journal, entry after entry as they were recorded.
pub fn stream_ledger<'c>(conn: &'c mut PgConnection, scope: &ReportScope) -> Rows<'c> {
    sqlx::query!(
        "SELECT journal_entries.id, line, kind, payment_id, refund_id, journal_entries.order_id, account,
                journal_lines.currency, journal_lines.amount, recorded_at
         FROM journal_entries
         JOIN journal_lines ON journal_lines.entry_id = journal_entries.id
         JOIN payments ON payments.id = journal_entries.payment_id
         WHERE recorded_at >= $1 AND recorded_at < $2 AND ($3::uuid IS NULL OR customer_id = $3)
         ORDER BY recorded_at, journal_entries.id, line",
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch(conn)
    .map(|row| {
        let row = row?;
        Ok(vec![
            row.id.into(),
            i64::from(row.line).into(),
            row.kind.into(),
            row.payment_id.into(),
            row.refund_id.into(),
            row.order_id.into(),
            row.account.into(),
            row.currency.into(),
            row.amount.into(),
            row.recorded_at.into(),
        ])
    })
    .boxed()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.count_sales", level = "debug", skip_all)]
pub async fn count_sales(conn: &mut PgConnection, scope: &ReportScope) -> Result<i64, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT count(*) AS "rows!" FROM (
               SELECT FROM orders JOIN order_items ON order_items.order_id = orders.id
               WHERE created_at >= $1 AND created_at < $2 AND status IN ('paid', 'fulfilled', 'refunded')
                 AND ($3::uuid IS NULL OR customer_id = $3)
               GROUP BY (created_at AT TIME ZONE 'UTC')::date, product_id, sku, name, currency) AS days"#,
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch_one(conn)
    .await?;
    Ok(rows)
}

/// What was paid for of each product on each day (UTC), under the name and in the currency that it was sold in.
pub fn stream_sales<'c>(conn: &'c mut PgConnection, scope: &ReportScope) -> Rows<'c> {
    sqlx::query!(
        r#"SELECT (created_at AT TIME ZONE 'UTC')::date::text AS "day!", product_id, sku, name, currency,
                  count(DISTINCT orders.id) AS "orders!", sum(quantity)::bigint AS "quantity!",
                  sum(amount)::bigint AS "amount!"
           FROM orders JOIN order_items ON order_items.order_id = orders.id
           WHERE created_at >= $1 AND created_at < $2 AND status IN ('paid', 'fulfilled', 'refunded')
             AND ($3::uuid IS NULL OR customer_id = $3)
           GROUP BY (created_at AT TIME ZONE 'UTC')::date, product_id, sku, name, currency
           ORDER BY (created_at AT TIME ZONE 'UTC')::date, sku, name, currency, product_id"#,
        scope.period.from,
        scope.period.to,
        customer(scope)
    )
    .fetch(conn)
    .map(|row| {
        let row = row?;
        Ok(vec![
            row.day.into(),
            row.product_id.into(),
            row.sku.into(),
            row.name.into(),
            row.currency.into(),
            row.orders.into(),
            row.quantity.into(),
            row.amount.into(),
        ])
    })
    .boxed()
}

/// A payment as our books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The key that the gateway knows it by: the payment's id.
    pub key: String,
    pub status: String,
    pub currency: String,
    pub amount: i64,
    /// What the journal says came in and went back.
    pub captured: i64,
    pub refunded: i64,
    /// The gateway must know it: money was captured or set aside.
    pub held: bool,
    /// Something asked of the gateway has no answer yet.
    pub in_doubt: bool,
    pub created_at: OffsetDateTime,
}

/// Our payments under these keys of the gateway.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.list_booked", level = "debug", skip_all)]
pub async fn list_booked(
    conn: &mut PgConnection,
    keys: &[Uuid],
) -> Result<Vec<Booked>, StoreError> {
    let rows = sqlx::query_as!(
        Booked,
        r#"SELECT payments.id::text AS "key!", status, payments.currency, payments.amount, created_at,
                  (amount_captured > 0 OR status = 'requires_capture') AS "held!",
                  EXISTS (SELECT FROM payment_attempts
                          WHERE payment_attempts.payment_id = payments.id AND state = 'live') AS "in_doubt!",
                  coalesce(sum(journal_lines.amount) FILTER (WHERE kind = 'capture'), 0)::bigint AS "captured!",
                  coalesce(-sum(journal_lines.amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS "refunded!"
           FROM payments
           LEFT JOIN journal_entries ON journal_entries.payment_id = payments.id
           LEFT JOIN journal_lines ON journal_lines.entry_id = journal_entries.id
                                  AND account = 'gateway_receivable'
           WHERE payments.id = ANY($1)
           GROUP BY payments.id"#,
        keys
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Ids of payments of the period that the gateway must know (money was captured or set aside), after one id.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.list_held", level = "debug", skip_all)]
pub async fn list_held(
    conn: &mut PgConnection,
    scope: &ReportScope,
    after: Uuid,
    most: i64,
) -> Result<Vec<Uuid>, StoreError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM payments
         WHERE id > $1 AND created_at >= $2 AND created_at < $3
           AND (amount_captured > 0 OR status = 'requires_capture')
         ORDER BY id LIMIT $4",
        after,
        scope.period.from,
        scope.period.to,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// How many those are.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.reports.count_held", level = "debug", skip_all)]
pub async fn count_held(conn: &mut PgConnection, scope: &ReportScope) -> Result<i64, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT count(*) AS "rows!" FROM payments
           WHERE created_at >= $1 AND created_at < $2
             AND (amount_captured > 0 OR status = 'requires_capture')"#,
        scope.period.from,
        scope.period.to
    )
    .fetch_one(conn)
    .await?;
    Ok(rows)
}
