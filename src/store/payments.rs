//! Payment rows; who may pay what is decided by the use case.

use serde_json::json;
use sqlx::PgConnection;
use sqlx::types::JsonValue;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::access::Reach;
use crate::domain::ids::{Id, OrderId, PaymentId, UserId};
use crate::domain::money::{Amount, Currency};
use crate::domain::page::PageRequest;
use crate::domain::payment::{Payment, PaymentFailure, PaymentStatus};
use crate::domain::user::PaymentMethod;

struct PaymentRow {
    id: Uuid,
    order_id: Option<Uuid>,
    customer_id: Uuid,
    status: String,
    amount: i64,
    amount_captured: i64,
    amount_refunded: i64,
    currency: String,
    payment_method: String,
    capture_method: String,
    failure_code: Option<String>,
    failure_message: Option<String>,
    metadata: JsonValue,
    gateway_charge_id: Option<String>,
    applied: bool,
    authorized_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<PaymentRow> for Payment {
    type Error = StoreError;

    fn try_from(row: PaymentRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "payments", key: &row.id };
        let failure = row
            .failure_code
            .map(|code| PaymentFailure { code, message: row.failure_message.unwrap_or_default() });
        Ok(Self {
            id: row.id.into(),
            order_id: row.order_id.map(OrderId::from),
            customer_id: row.customer_id.into(),
            status: named.believe("status", row.status.parse())?,
            amount: named.believe("amount", Amount::new(row.amount))?,
            amount_captured: row.amount_captured,
            amount_refunded: row.amount_refunded,
            currency: named.believe("currency", Currency::parse(&row.currency))?,
            payment_method: named
                .believe("payment_method", PaymentMethod::parse(&row.payment_method))?,
            capture_method: named.believe("capture_method", row.capture_method.parse())?,
            failure,
            metadata: named.believe("metadata", serde_json::from_value(row.metadata))?,
            gateway_charge_id: row.gateway_charge_id,
            applied: row.applied,
            authorized_at: row.authorized_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payments.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, payment: &Payment) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO payments (id, order_id, customer_id, status, amount, currency, payment_method,
                               capture_method, metadata, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        payment.id.as_uuid(),
        payment.order_id.map(Id::as_uuid),
        payment.customer_id.as_uuid(),
        payment.status.as_str(),
        payment.amount.get(),
        payment.currency.code(),
        payment.payment_method.as_str(),
        payment.capture_method.as_str(),
        json!(payment.metadata),
        payment.created_at,
        payment.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.payments.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    id: PaymentId,
    reach: Reach,
) -> Result<Option<Payment>, StoreError> {
    sqlx::query_as!(
        PaymentRow,
        "SELECT id, order_id, customer_id, status, amount, amount_captured, amount_refunded, currency,
                payment_method, capture_method, failure_code, failure_message, metadata,
                gateway_charge_id, applied, authorized_at, created_at, updated_at
         FROM payments WHERE id = $1 AND ($2::uuid IS NULL OR customer_id = $2)",
        id.as_uuid(),
        reach.customer().map(Id::as_uuid)
    )
    .fetch_optional(conn)
    .await?
    .map(Payment::try_from)
    .transpose()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.payments.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    id: PaymentId,
) -> Result<Option<Payment>, StoreError> {
    sqlx::query_as!(
        PaymentRow,
        "SELECT id, order_id, customer_id, status, amount, amount_captured, amount_refunded, currency,
                payment_method, capture_method, failure_code, failure_message, metadata,
                gateway_charge_id, applied, authorized_at, created_at, updated_at
         FROM payments WHERE id = $1 FOR UPDATE",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Payment::try_from)
    .transpose()
}

/// Which payments a list shows.
#[derive(Debug, Clone, Copy)]
pub struct PaymentFilter {
    pub order_id: Option<OrderId>,
    pub status: Option<PaymentStatus>,
}

/// Newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.payments.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    reach: Reach,
    filter: PaymentFilter,
    page: PageRequest,
) -> Result<Vec<Payment>, StoreError> {
    let rows = sqlx::query_as!(
        PaymentRow,
        "SELECT id, order_id, customer_id, status, amount, amount_captured, amount_refunded, currency,
                payment_method, capture_method, failure_code, failure_message, metadata,
                gateway_charge_id, applied, authorized_at, created_at, updated_at
         FROM payments
         WHERE ($1::uuid IS NULL OR customer_id = $1)
           AND ($2::uuid IS NULL OR order_id = $2)
           AND ($3::text IS NULL OR status = $3)
           AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5))
         ORDER BY created_at DESC, id DESC LIMIT $6",
        reach.customer().map(Id::as_uuid),
        filter.order_id.map(Id::as_uuid),
        filter.status.map(PaymentStatus::as_str),
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// Writes what may change of a payment.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payments.update", level = "debug", skip_all)]
pub async fn update(conn: &mut PgConnection, payment: &Payment) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE payments SET status = $2, amount_captured = $3, amount_refunded = $4,
                             failure_code = $5, failure_message = $6, gateway_charge_id = $7,
                             applied = $8, authorized_at = $9, updated_at = $10
         WHERE id = $1",
        payment.id.as_uuid(),
        payment.status.as_str(),
        payment.amount_captured,
        payment.amount_refunded,
        payment.failure.as_ref().map(|failure| failure.code.as_str()),
        payment.failure.as_ref().map(|failure| failure.message.as_str()),
        payment.gateway_charge_id.as_deref(),
        payment.applied,
        payment.authorized_at,
        payment.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks up to `limit` authorised payments that were authorised at `before` or earlier and that nobody captures or
/// Locks up to `limit` authorised payments that were authorised at `before` or earlier and that nobody captures or
/// cancels right now or asked to cancel after `asked_since`, the oldest first; those that somebody else works on are left
/// for the next time.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(
    name = "store.payments.list_authorized_for_update",
    level = "debug",
    skip_all
)]
pub async fn list_authorized_for_update(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    asked_since: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Payment>, StoreError> {
    let rows = sqlx::query_as!(
        PaymentRow,
        "SELECT id, order_id, customer_id, status, amount, amount_captured, amount_refunded, currency,
                payment_method, capture_method, failure_code, failure_message, metadata,
                gateway_charge_id, applied, authorized_at, created_at, updated_at
         FROM payments
         WHERE status = 'requires_capture' AND authorized_at <= $1
           AND NOT EXISTS (SELECT FROM payment_attempts
                           WHERE payment_id = payments.id
                             AND (state = 'live' OR kind = 'cancel' AND created_at > $2))
         ORDER BY authorized_at LIMIT $3
         FOR UPDATE SKIP LOCKED",
        before,
        asked_since,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// Locks the captured payments of an order, oldest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.payments.list_captured_for_update", level = "debug", skip_all)]
pub async fn list_captured_for_update(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<Payment>, StoreError> {
    let rows = sqlx::query_as!(
        PaymentRow,
        "SELECT id, order_id, customer_id, status, amount, amount_captured, amount_refunded, currency,
                payment_method, capture_method, failure_code, failure_message, metadata,
                gateway_charge_id, applied, authorized_at, created_at, updated_at
         FROM payments WHERE order_id = $1 AND status = 'succeeded'
         ORDER BY id FOR UPDATE",
        order.as_uuid()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// Somebody who can pay.
#[derive(Debug, Clone)]
pub struct Payer {
    pub default_method: Option<PaymentMethod>,
}

/// The active customer of this id.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.payments.find_payer", level = "debug", skip_all)]
pub async fn find_payer(
    conn: &mut PgConnection,
    customer: UserId,
) -> Result<Option<Payer>, StoreError> {
    let row = sqlx::query!(
        "SELECT default_payment_method FROM users WHERE id = $1 AND status = 'active'",
        customer.as_uuid()
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let method = row.default_payment_method.as_deref().map(PaymentMethod::parse).transpose();
    let named = RowKey { table: "users", key: &customer };
    Ok(Some(Payer { default_method: named.believe("default_payment_method", method)? }))
}
