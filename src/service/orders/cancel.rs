//! Cancels an order that nobody has begun to pay.

use std::slice;

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::OrderError;
use super::release::release;
use crate::domain::access::Reach;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::OrderId;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record};
use crate::service::idempotency::{self, Answer, Halt};
use crate::service::outbox::publish;
use crate::service::outcome::{Outcome, Refusal};
use crate::service::{Cause, Services};
use crate::store::orders;

/// A command: cancel an order.
#[derive(Debug, Clone, Copy)]
pub struct CancelOrder {
    pub id: OrderId,
    /// Whose orders the caller may touch.
    pub reach: Reach,
}

/// Comes to [`Outcome::OrderCancelled`], or is refused with [`Refusal::OrderNotCancellable`].
///
/// # Errors
/// [`OrderError::NotFound`], or of the key or the store; nothing was changed.
#[tracing::instrument(name = "service.orders.cancel", skip_all)]
pub async fn cancel(
    services: &Services,
    (author, cause): (&Author, &Cause),
    request: Option<&KeyedRequest>,
    command: CancelOrder,
) -> Result<Answer, OrderError> {
    idempotency::run_audited(services, request, move |conn| {
        cancel_locked(conn, &services.ambient, (author, cause), command).scope_boxed()
    })
    .await
}

async fn cancel_locked(
    conn: &mut PgConnection,
    ambient: &Ambient,
    (author, cause): (&Author, &Cause),
    command: CancelOrder,
) -> Result<Audited<Outcome>, Halt<OrderError>> {
    let mut order = orders::find_for_update(conn, command.id, command.reach)
        .await?
        .ok_or(Halt::Failed(OrderError::NotFound))?;
    let sums = orders::list_payment_sums(conn, &[order.id]).await?;
    let payments = sums.get(&order.id).copied().unwrap_or_default();
    let status =
        order.cancel(payments).map_err(|status| Refusal::OrderNotCancellable { status })?;
    release(conn, slice::from_mut(&mut order), status, ambient.now()).await?;
    let event = Event::OrderCancelled { order_id: order.id, customer_id: order.customer_id };
    publish(conn, ambient, cause, &[event]).await?;
    let entry = Entry { act: Act::CancelOrder, target: Target::Order(order.id) };
    let cancelled = Outcome::OrderCancelled(Box::new(order));
    Ok(record(conn, ambient, author, &[entry], cancelled).await?)
}
