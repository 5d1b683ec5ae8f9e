//! Orders and their lines; whether an order may be placed or changed is decided elsewhere.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::access::Reach;
use crate::domain::ids::{Id, OrderId, UserId};
use crate::domain::money::{Amount, Currency};
use crate::domain::order::{Order, OrderFilter, OrderLine, OrderPayments, OrderStatus, Quantity};
use crate::domain::page::PageRequest;

struct OrderRow {
    id: Uuid,
    customer_id: Uuid,
    status: String,
    currency: String,
    total_amount: i64,
    paid_amount: i64,
    refunded_amount: i64,
    metadata: Value,
    expires_at: OffsetDateTime,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl OrderRow {
    fn with_lines(self, lines: Vec<OrderLine>) -> Result<Order, StoreError> {
        let named = RowKey { table: "orders", key: &self.id };
        Ok(Order {
            id: self.id.into(),
            customer_id: self.customer_id.into(),
            status: named.believe("status", self.status.parse())?,
            currency: named.believe("currency", Currency::parse(&self.currency))?,
            total: named.believe("total_amount", Amount::new(self.total_amount))?,
            paid_amount: self.paid_amount,
            refunded_amount: self.refunded_amount,
            lines,
            metadata: named.believe("metadata", serde_json::from_value(self.metadata))?,
            expires_at: self.expires_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Writes new orders with their lines, in two statements however many there are.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.orders.insert", level = "debug", skip_all)]
pub async fn insert<O: Borrow<Order>>(
    conn: &mut PgConnection,
    orders: &[O],
) -> Result<(), StoreError> {
    let orders: Vec<&Order> = orders.iter().map(Borrow::borrow).collect();
    let column = |of: fn(&Order) -> Uuid| orders.iter().copied().map(of).collect::<Vec<_>>();
    let time =
        |of: fn(&Order) -> OffsetDateTime| orders.iter().copied().map(of).collect::<Vec<_>>();
    let statuses: Vec<_> = orders.iter().map(|o| o.status.as_str().to_owned()).collect();
    let currencies: Vec<_> = orders.iter().map(|o| o.currency.code().to_owned()).collect();
    let totals: Vec<_> = orders.iter().map(|o| o.total.get()).collect();
    let paid: Vec<_> = orders.iter().map(|o| o.paid_amount).collect();
    let refunded: Vec<_> = orders.iter().map(|o| o.refunded_amount).collect();
    let metadata: Vec<_> = orders.iter().map(|o| json!(o.metadata)).collect();
    sqlx::query!(
        "INSERT INTO orders (id, customer_id, status, currency, total_amount, paid_amount,
                             refunded_amount, metadata, expires_at, created_at, updated_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[],
                              $6::bigint[], $7::bigint[], $8::jsonb[], $9::timestamptz[],
                              $10::timestamptz[], $11::timestamptz[])",
        &column(|o| o.id.as_uuid()),
        &column(|o| o.customer_id.as_uuid()),
        &statuses,
        &currencies,
        &totals,
        &paid,
        &refunded,
        &metadata,
        &time(|o| o.expires_at),
        &time(|o| o.created_at),
        &time(|o| o.updated_at)
    )
    .execute(&mut *conn)
    .await?;
    insert_lines(conn, &orders).await
}

async fn insert_lines(conn: &mut PgConnection, orders: &[&Order]) -> Result<(), StoreError> {
    let numbered: Vec<(Uuid, i32, &OrderLine)> = orders
        .iter()
        .flat_map(|order| {
            (1_i32..).zip(&order.lines).map(|(number, line)| (order.id.as_uuid(), number, line))
        })
        .collect();
    let owners: Vec<_> = numbered.iter().map(|(order, _, _)| *order).collect();
    let numbers: Vec<_> = numbered.iter().map(|(_, number, _)| *number).collect();
    let lines = || numbered.iter().map(|(_, _, line)| *line);
    let products: Vec<_> = lines().map(|line| line.product_id.as_uuid()).collect();
    let skus: Vec<_> = lines().map(|line| line.sku.clone()).collect();
    let names: Vec<_> = lines().map(|line| line.name.clone()).collect();
    let quantities: Vec<_> = lines().map(|line| i64::from(line.quantity)).collect();
    let unit_amounts: Vec<_> = lines().map(|line| line.unit_amount.get()).collect();
    let amounts: Vec<_> = lines().map(|line| line.amount.get()).collect();
    sqlx::query!(
        "INSERT INTO order_items (order_id, line, product_id, sku, name, quantity, unit_amount, amount)
         SELECT * FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::text[], $5::text[],
                              $6::bigint[]::int[], $7::bigint[], $8::bigint[])",
        &owners,
        &numbers,
        &products,
        &skus,
        &names,
        &quantities,
        &unit_amounts,
        &amounts
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The order, where it exists within reach.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.orders.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    id: OrderId,
    reach: Reach,
) -> Result<Option<Order>, StoreError> {
    let rows = sqlx::query_as!(
        OrderRow,
        "SELECT id, customer_id, status, currency, total_amount, paid_amount, refunded_amount,
                metadata, expires_at, created_at, updated_at
         FROM orders WHERE id = $1 AND ($2::uuid IS NULL OR customer_id = $2)",
        id.as_uuid(),
        reach.customer().map(Id::as_uuid)
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(with_lines(conn, rows).await?.pop())
}

/// The same, and nobody else changes it or adds a payment until this transaction ends.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.orders.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    id: OrderId,
    reach: Reach,
) -> Result<Option<Order>, StoreError> {
    let rows = sqlx::query_as!(
        OrderRow,
        "SELECT id, customer_id, status, currency, total_amount, paid_amount, refunded_amount,
                metadata, expires_at, created_at, updated_at
         FROM orders WHERE id = $1 AND ($2::uuid IS NULL OR customer_id = $2)
         FOR UPDATE",
        id.as_uuid(),
        reach.customer().map(Id::as_uuid)
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(with_lines(conn, rows).await?.pop())
}

/// Orders within reach, newest first: up to a page and one more.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.orders.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    reach: Reach,
    filter: OrderFilter,
    page: PageRequest,
) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query_as!(
        OrderRow,
        "SELECT id, customer_id, status, currency, total_amount, paid_amount, refunded_amount,
                metadata, expires_at, created_at, updated_at
         FROM orders
         WHERE ($1::uuid IS NULL OR customer_id = $1)
           AND ($2::text IS NULL OR status = $2)
           AND ($3::timestamptz IS NULL OR created_at >= $3)
           AND ($4::timestamptz IS NULL OR created_at < $4)
           AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
         ORDER BY created_at DESC, id DESC
         LIMIT $7",
        reach.customer().map(Id::as_uuid),
        filter.status.map(OrderStatus::as_str),
        filter.created_after,
        filter.created_before,
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(&mut *conn)
    .await?;
    with_lines(conn, rows).await
}

/// Locks up to `limit` orders whose time is up at `now` and that have no payment under way, the longest due first; those that
/// somebody else works on are left for the next time.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.orders.list_expired_for_update", level = "debug", skip_all)]
pub async fn list_expired_for_update(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query_as!(
        OrderRow,
        "SELECT id, customer_id, status, currency, total_amount, paid_amount, refunded_amount,
                metadata, expires_at, created_at, updated_at
         FROM orders
         WHERE status = 'pending' AND expires_at <= $1
           AND NOT EXISTS (
               SELECT FROM payments
               WHERE order_id = orders.id
                 AND payments.status IN ('processing', 'requires_capture'))
         ORDER BY expires_at
         LIMIT $2
         FOR UPDATE OF orders SKIP LOCKED",
        now,
        limit
    )
    .fetch_all(&mut *conn)
    .await?;
    with_lines(conn, rows).await
}

/// What the payments of these orders sum up to; an order without payments is left out.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.orders.list_payment_sums", level = "debug", skip_all)]
pub async fn list_payment_sums(
    conn: &mut PgConnection,
    orders: &[OrderId],
) -> Result<BTreeMap<OrderId, OrderPayments>, StoreError> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT order_id AS "order_id!",
                  coalesce(sum(amount_captured) FILTER (WHERE applied), 0)::bigint AS "captured!",
                  coalesce(sum(amount) FILTER (WHERE status IN ('processing', 'requires_capture')), 0)::bigint
                      AS "in_flight!"
           FROM payments WHERE order_id = ANY($1) GROUP BY order_id"#,
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let sums = OrderPayments { captured: row.captured, in_flight: row.in_flight };
            (row.order_id.into(), sums)
        })
        .collect())
}

/// Those of these people who have an account in use.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.orders.list_active_customers", level = "debug", skip_all)]
pub async fn list_active_customers(
    conn: &mut PgConnection,
    customers: &[UserId],
) -> Result<BTreeSet<UserId>, StoreError> {
    let ids: Vec<Uuid> = customers.iter().map(|customer| customer.as_uuid()).collect();
    let known =
        sqlx::query_scalar!("SELECT id FROM users WHERE id = ANY($1) AND status = 'active'", &ids)
            .fetch_all(conn)
            .await?;
    Ok(known.into_iter().map(UserId::from).collect())
}

/// Writes everything that may change of an order.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.orders.update", level = "debug", skip_all)]
pub async fn update(conn: &mut PgConnection, order: &Order) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE orders SET status = $2, paid_amount = $3, refunded_amount = $4, expires_at = $5,
                           updated_at = $6
         WHERE id = $1",
        order.id.as_uuid(),
        order.status.as_str(),
        order.paid_amount,
        order.refunded_amount,
        order.expires_at,
        order.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes one state for many orders.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.orders.update_status", level = "debug", skip_all)]
pub async fn update_status(
    conn: &mut PgConnection,
    orders: &[OrderId],
    status: OrderStatus,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.as_uuid()).collect();
    sqlx::query!(
        "UPDATE orders SET status = $2, updated_at = $3 WHERE id = ANY($1)",
        &ids,
        status.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lines never change, so that they may be read after their orders.
async fn with_lines(
    conn: &mut PgConnection,
    rows: Vec<OrderRow>,
) -> Result<Vec<Order>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let lines = sqlx::query!(
        "SELECT order_id, product_id, sku, name, quantity, unit_amount, amount
         FROM order_items WHERE order_id = ANY($1) ORDER BY order_id, line",
        &ids
    )
    .fetch_all(conn)
    .await?;
    let mut by_order: BTreeMap<Uuid, Vec<OrderLine>> = BTreeMap::new();
    for line in lines {
        let named = RowKey { table: "order_items", key: &line.order_id };
        let read = OrderLine {
            product_id: line.product_id.into(),
            quantity: named.believe("quantity", Quantity::new(line.quantity.into()))?,
            unit_amount: named.believe("unit_amount", Amount::new(line.unit_amount))?,
            amount: named.believe("amount", Amount::new(line.amount))?,
            sku: line.sku,
            name: line.name,
        };
        by_order.entry(line.order_id).or_default().push(read);
    }
    rows.into_iter()
        .map(|row| {
            let lines = by_order.remove(&row.id).unwrap_or_default();
            row.with_lines(lines)
        })
        .collect()
}
