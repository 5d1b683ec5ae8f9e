//! What a caller may read of orders: those within reach, and of all others not even that they exist.

use scoped_futures::ScopedFutureExt;

use super::OrderError;
use crate::domain::access::Reach;
use crate::domain::ids::{Id, OrderId};
use crate::domain::order::{Order, OrderFilter};
use crate::domain::page::{Page, PageRequest, Position};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::orders;

/// # Errors
/// [`OrderError::NotFound`], or the store's.
#[tracing::instrument(name = "service.orders.find", skip_all)]
pub async fn find(services: &Services, id: OrderId, reach: Reach) -> Result<Order, OrderError> {
    read(&services.pool, move |conn| orders::find(conn, id, reach).scope_boxed())
        .await?
        .ok_or(OrderError::NotFound)
}

/// Orders within reach, newest first.
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.orders.list", skip_all)]
pub async fn list(
    services: &Services,
    reach: Reach,
    filter: OrderFilter,
    page: PageRequest,
) -> Result<Page<Order>, OrderError> {
    let rows =
        read(&services.pool, move |conn| orders::list(conn, reach, filter, page).scope_boxed())
            .await?;
    Ok(Page::cut(rows, page.size, |order| Position {
        created_at: order.created_at,
        id: order.id.as_uuid(),
    }))
}
