//! Places orders: reserves their stock, writes them and tells of them in one transaction.
//!
//! 1. The stock of all products that any order of the batch names is locked, in id order.
//! 2. [`Shelf`] decides the orders one after the other; one that is refused takes nothing.
//! 3. Orders, lines, stock and events are written, each with one statement for the whole batch.

use std::collections::BTreeSet;

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::OrderError;
use crate::domain::ambient::Ambient;
use crate::domain::event::Event;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::{ProductId, UserId};
use crate::domain::order::{
    Order, OrderStatus, PlaceOrder, PlaceOrderRefusal, PricedOrder, UNPAID_ORDER_LIVES,
};
use crate::domain::stock::Shelf;
use crate::service::idempotency::{self, Answer, Halt};
use crate::service::outbox::publish;
use crate::service::outcome::{Outcome, Refusal};
use crate::service::{Cause, Services};
use crate::store::{StoreError, orders, stock};

/// Comes to [`Outcome::OrderPlaced`], or is refused with [`Refusal::PlaceOrder`].
///
/// # Errors
/// An [`OrderError`] of the key or of the store; nothing was placed.
#[tracing::instrument(name = "service.orders.place", skip_all)]
pub async fn place(
    services: &Services,
    request: Option<&KeyedRequest>,
    cause: &Cause,
    command: &PlaceOrder,
) -> Result<Answer, OrderError> {
    idempotency::run(services, request, move |conn| {
        async move {
            let batch = std::slice::from_ref(command);
            let mut placed = place_batch(conn, &services.ambient, cause, batch).await?;
            match placed.pop() {
                Some(Ok(order)) => Ok(Outcome::OrderPlaced(Box::new(order))),
                Some(Err(refusal)) => Err(Halt::Refused(Refusal::PlaceOrder(refusal))),
                None => Err(Halt::Failed(OrderError::Undecided)),
            }
        }
        .scope_boxed()
    })
    .await
}

/// Places many orders in the caller's transaction; one answer for each command, in their order.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer: then none is placed.
pub async fn place_batch(
    conn: &mut PgConnection,
    ambient: &Ambient,
    cause: &Cause,
    commands: &[PlaceOrder],
) -> Result<Vec<Result<Order, PlaceOrderRefusal>>, StoreError> {
    let customers: Vec<UserId> = commands.iter().map(|command| command.customer_id).collect();
    let known = orders::list_active_customers(conn, &customers).await?;
    let mut shelf = Shelf::new(stock::list_offers_for_update(conn, &products_of(commands)).await?);
    let decided: Vec<_> = commands
        .iter()
        .map(|command| {
            if !known.contains(&command.customer_id) {
                return Err(PlaceOrderRefusal::UnknownCustomer);
            }
            shelf.take(&command.lines).map(|priced| new_order(ambient, command, priced))
        })
        .collect();
    let placed: Vec<Order> = decided.iter().flatten().cloned().collect();
    if placed.is_empty() {
        return Ok(decided);
    }
    let taken = shelf.taken().map(|(product, quantity)| (product, -quantity)).collect();
    stock::update_by(conn, &taken, ambient.now()).await?;
    orders::insert(conn, &placed).await?;
    let events: Vec<Event> = placed.iter().map(created).collect();
    publish(conn, ambient, cause, &events).await?;
    Ok(decided)
}

fn products_of(commands: &[PlaceOrder]) -> Vec<ProductId> {
    let distinct: BTreeSet<ProductId> =
        commands.iter().flat_map(|command| &command.lines).map(|line| line.product_id).collect();
    distinct.into_iter().collect()
}

fn new_order(ambient: &Ambient, command: &PlaceOrder, priced: PricedOrder) -> Order {
    let now = ambient.now();
    Order {
        id: ambient.id(),
        customer_id: command.customer_id,
        status: OrderStatus::Pending,
        currency: priced.currency,
        total: priced.total,
        paid_amount: 0,
        refunded_amount: 0,
        lines: priced.lines,
        metadata: command.metadata.clone(),
        expires_at: now + UNPAID_ORDER_LIVES,
        created_at: now,
        updated_at: now,
    }
}

fn created(order: &Order) -> Event {
    Event::OrderCreated {
        order_id: order.id,
        customer_id: order.customer_id,
        amount: order.total,
        currency: order.currency,
    }
}
