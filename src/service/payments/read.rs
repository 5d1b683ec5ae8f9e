//! Looks payments up; changes nothing.

use scoped_futures::ScopedFutureExt;

use super::{PaymentFilter, Payments};
use crate::domain::access::Reach;
use crate::domain::ids::{Id, PaymentId};
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::payment::Payment;
use crate::service::transact::read;
use crate::store::{self, StoreError};

/// The payment, where the caller may see it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
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
