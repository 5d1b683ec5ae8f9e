//! Refund rows; how much may go back is decided by the use case.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::ids::{Id, PaymentId, RefundId};
use crate::domain::money::{Amount, Currency};
use crate::domain::page::PageRequest;
use crate::domain::refund::{Refund, RefundReason, RefundStatus};

struct RefundRow {
    id: Uuid,
    payment_id: Uuid,
    status: String,
    amount: i64,
    currency: String,
    reason: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<RefundRow> for Refund {
    type Error = StoreError;

    fn try_from(row: RefundRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "refunds", key: &row.id };
        let reason = row.reason.as_deref().map(RefundReason::parse).transpose();
        Ok(Self {
            id: row.id.into(),
            payment_id: row.payment_id.into(),
            status: named.believe("status", row.status.parse())?,
            amount: named.believe("amount", Amount::new(row.amount))?,
            currency: named.believe("currency", Currency::parse(&row.currency))?,
            reason: named.believe("reason", reason)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.refunds.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, refund: &Refund) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO refunds (id, payment_id, status, amount, currency, reason, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        refund.id.as_uuid(),
        refund.payment_id.as_uuid(),
        refund.status.as_str(),
        refund.amount.get(),
        refund.currency.code(),
        refund.reason.as_ref().map(RefundReason::as_str),
        refund.created_at,
        refund.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.refunds.find", level = "debug", skip_all)]
pub async fn find(conn: &mut PgConnection, id: RefundId) -> Result<Option<Refund>, StoreError> {
    sqlx::query_as!(
        RefundRow,
        "SELECT id, payment_id, status, amount, currency, reason, created_at, updated_at
         FROM refunds WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Refund::try_from)
    .transpose()
}

/// Refunds of one payment, newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.refunds.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    payment: PaymentId,
    page: PageRequest,
) -> Result<Vec<Refund>, StoreError> {
    let rows = sqlx::query_as!(
        RefundRow,
        "SELECT id, payment_id, status, amount, currency, reason, created_at, updated_at
         FROM refunds
         WHERE payment_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
         ORDER BY created_at DESC, id DESC LIMIT $4",
        payment.as_uuid(),
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Refund::try_from).collect()
}

/// Minor units of the payment's refunds whose answer isn't known yet.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.refunds.sum_in_flight", level = "debug", skip_all)]
pub async fn sum_in_flight(conn: &mut PgConnection, payment: PaymentId) -> Result<i64, StoreError> {
    let sum = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(amount), 0)::bigint AS "sum!"
           FROM refunds WHERE payment_id = $1 AND status = 'processing'"#,
        payment.as_uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(sum)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.refunds.update_status", level = "debug", skip_all)]
pub async fn update_status(
    conn: &mut PgConnection,
    id: RefundId,
    status: RefundStatus,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE refunds SET status = $2, updated_at = $3 WHERE id = $1",
        id.as_uuid(),
        status.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
