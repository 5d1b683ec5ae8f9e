//! Marks a paid order as handed over.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::OrderError;
use crate::domain::access::Reach;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::OrderId;
use crate::domain::permission::{Granted, may};
use crate::service::audit::{Act, Audited, Author, Entry, Target, record};
use crate::service::idempotency::{self, Answer, Halt};
use crate::service::outbox::publish;
use crate::service::outcome::{Outcome, Refusal};
use crate::service::{Cause, Services};
use crate::store::orders;

/// Comes to [`Outcome::OrderFulfilled`], or is refused with [`Refusal::OrderNotFulfillable`].
///
/// # Errors
/// [`OrderError::NotFound`], or of the key or the store; nothing was changed.
#[tracing::instrument(name = "service.orders.fulfil", skip_all)]
pub async fn fulfil(
    services: &Services,
    _: Granted<may::FulfilOrders>,
    (author, cause): (&Author, &Cause),
    request: Option<&KeyedRequest>,
    id: OrderId,
) -> Result<Answer, OrderError> {
    idempotency::run_audited(services, request, move |conn| {
        fulfil_locked(conn, &services.ambient, (author, cause), id).scope_boxed()
    })
    .await
}

async fn fulfil_locked(
    conn: &mut PgConnection,
    ambient: &Ambient,
    (author, cause): (&Author, &Cause),
    id: OrderId,
) -> Result<Audited<Outcome>, Halt<OrderError>> {
    let mut order = orders::find_for_update(conn, id, Reach::Everyone)
        .await?
        .ok_or(Halt::Failed(OrderError::NotFound))?;
    order.status = order.fulfil().map_err(|status| Refusal::OrderNotFulfillable { status })?;
    order.updated_at = ambient.now();
    orders::update(conn, &order).await?;
    let event = Event::OrderFulfilled { order_id: order.id, customer_id: order.customer_id };
    publish(conn, ambient, cause, &[event]).await?;
    let entry = Entry { act: Act::FulfilOrder, target: Target::Order(order.id) };
    let fulfilled = Outcome::OrderFulfilled(Box::new(order));
    Ok(record(conn, ambient, author, &[entry], fulfilled).await?)
}
