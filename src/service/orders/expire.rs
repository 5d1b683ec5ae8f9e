//! Ends orders whose time to be paid is over; what was paid in part goes back. For the worker; several may do it at once.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::OrderError;
use super::release::release;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::ids::OrderId;
use crate::domain::order::OrderStatus;
use crate::service::outbox::publish;
use crate::service::payments::give_back_all_of;
use crate::service::transact::transact;
use crate::service::{Cause, Services};
use crate::store::orders;

/// Expires up to `limit` orders that are due, the longest due first; how many. Fewer than `limit` means that
/// no more are due, or that somebody else works on them.
///
/// # Errors
/// The store's; none has expired.
#[tracing::instrument(name = "service.orders.expire_due", skip_all)]
pub async fn expire_due(
    services: &Services,
    cause: &Cause,
    limit: i64,
) -> Result<usize, OrderError> {
    transact(&services.pool, move |conn| {
        expire(conn, &services.ambient, cause, limit).scope_boxed()
    })
    .await
}

async fn expire(
    conn: &mut PgConnection,
    ambient: &Ambient,
    cause: &Cause,
    limit: i64,
) -> Result<usize, OrderError> {
    let now = ambient.now();
    let mut due = orders::list_expired_for_update(conn, now, limit).await?;
    let ids: Vec<OrderId> = due.iter().map(|order| order.id).collect();
    // A payment may have begun between the search and the lock: with the rows locked it is decided again.
    let sums = orders::list_payment_sums(conn, &ids).await?;
    due.retain(|order| order.expire(sums.get(&order.id).copied().unwrap_or_default(), now).is_ok());
    if due.is_empty() {
        return Ok(0);
    }
    for order in due.iter().filter(|order| order.paid_amount > 0) {
        give_back_all_of(conn, ambient, cause, order.id).await?;
    }
    release(conn, &mut due, OrderStatus::Expired, now).await?;
    let events: Vec<Event> = due
        .iter()
        .map(|order| Event::OrderExpired { order_id: order.id, customer_id: order.customer_id })
        .collect();
    publish(conn, ambient, cause, &events).await?;
    Ok(due.len())
}
