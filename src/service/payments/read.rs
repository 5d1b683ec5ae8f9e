//! Looks payments up; changes nothing.

use scoped_futures::ScopedFutureExt;

use super::{PaymentError, PaymentFilter, Payments};
use crate::domain::access::Reach;
use crate::domain::ids::{Id, PaymentId, RefundId};
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;
use crate::service::transact::read;
use crate::store::{self, StoreError};

/// The payment, where the caller may see it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.payments.find", skip_all)]
pub async fn find(
    payments: &Payments,
    id: PaymentId,
    reach: Reach,
) -> Result<Option<Payment>, StoreError> {
    read(&payments.services.pool, |conn| store::payments::find(conn, id, reach).scope_boxed()).await
}

/// Newest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.payments.list", skip_all)]
pub async fn list(
    payments: &Payments,
    reach: Reach,
    filter: PaymentFilter,
    page: PageRequest,
) -> Result<Page<Payment>, StoreError> {
    let rows: Vec<Payment> = read(&payments.services.pool, |conn| {
        store::payments::list(conn, reach, filter, page).scope_boxed()
    })
    .await?;
    let position =
        |payment: &Payment| Position { created_at: payment.created_at, id: payment.id.as_uuid() };
    Ok(Page::cut(rows, page.size, position))
}

/// A payment's refunds, newest first; `None` where the caller may not see the payment.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.payments.list_refunds", skip_all)]
pub async fn list_refunds(
    payments: &Payments,
    id: PaymentId,
    reach: Reach,
    page: PageRequest,
) -> Result<Option<Page<Refund>>, StoreError> {
    let rows: Option<Vec<Refund>> = read(&payments.services.pool, |conn| {
        async move {
            match store::payments::find(conn, id, reach).await? {
                Some(_) => store::refunds::list(conn, id, page).await.map(Some),
                None => Ok(None),
            }
        }
        .scope_boxed()
    })
    .await?;
    let position =
        |refund: &Refund| Position { created_at: refund.created_at, id: refund.id.as_uuid() };
    Ok(rows.map(|rows| Page::cut(rows, page.size, position)))
}

/// One refund of a payment, where the caller may see it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.payments.find_refund", skip_all)]
pub async fn find_refund(
    payments: &Payments,
    payment: PaymentId,
    id: RefundId,
    reach: Reach,
) -> Result<Option<Refund>, StoreError> {
    read(&payments.services.pool, |conn| {
        async move {
            if store::payments::find(conn, payment, reach).await?.is_none() {
                return Ok(None);
            }
            let refund = store::refunds::find(conn, id).await?;
            Ok(refund.filter(|refund| refund.payment_id == payment))
        }
        .scope_boxed()
    })
    .await
}

/// A payment that something else tells of.
pub(super) async fn payment_of(
    payments: &Payments,
    id: PaymentId,
) -> Result<Payment, PaymentError> {
    read(&payments.services.pool, |conn| {
        store::payments::find(conn, id, Reach::Everyone).scope_boxed()
    })
    .await?
    .ok_or(PaymentError::Lost(id))
}
