//! Places orders in the caller's transaction: their keys, their stock, their rows and events, set by set; it neither begins nor commits.
//!
//! 1. The keys are locked and what is known of them is read: who asks again gets the old answer.
//! 2. The stock of all products that any order of the batch names is locked, in id order.
//! 3. [`Shelf`] decides the orders one after the other; one that is refused takes nothing, so it writes nothing either.
//! 4. Orders, lines, stock, events and outcomes are written, each with one statement for the whole batch.

use std::borrow::Borrow;
use std::collections::BTreeSet;

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
use crate::service::Cause;
use crate::service::idempotency::{self, Answer, Begin, KeyError, Provenance};
use crate::service::outbox::{self, Caused};
use crate::service::outcome::{Outcome, Refusal};
use crate::store::{StoreError, orders, stock};

/// One order that somebody wants, with what is its own in a batch.
#[derive(Debug, Clone)]
pub struct Wish {
    pub command: PlaceOrder,
    pub request: Option<KeyedRequest>,
    pub cause: Cause,
}

/// One answer for each wish, in their order; no two may be under one key.
///
/// # Errors
/// Where the database doesn't answer, or what a row can't be: then none is placed.
pub async fn place_batch<W: Borrow<Wish> + Sync>(
    conn: &mut PgConnection,
    ambient: &Ambient,
    wishes: &[W],
) -> Result<Vec<Result<Answer, KeyError>>, OrderError> {
    let wishes: Vec<&Wish> = wishes.iter().map(Borrow::borrow).collect();
    let requests: Vec<_> = wishes.iter().map(|wish| wish.request.as_ref()).collect();
    let begun = idempotency::begin_all(conn, ambient, &requests).await?;
    let fresh: Vec<&Wish> = wishes
        .iter()
        .zip(&begun)
        .filter(|(_, begun)| matches!(begun, Ok(Begin::Fresh)))
        .map(|(wish, _)| *wish)
        .collect();
    let outcomes =
        if fresh.is_empty() { Vec::new() } else { place_fresh(conn, ambient, &fresh).await? };
    let mut outcomes = outcomes.into_iter();
    begun
        .into_iter()
        .map(|begun| match begun {
            Ok(Begin::Fresh) => {
                let outcome = outcomes.next().ok_or(OrderError::Undecided)?;
                Ok(Ok(Answer { outcome, provenance: Provenance::Fresh }))
            }
            Ok(Begin::Replay(answer)) => Ok(Ok(answer)),
            Ok(Begin::Running(_)) => Ok(Err(KeyError::InFlight)),
            Err(error) => Ok(Err(error)),
        })
        .collect()
}

async fn place_fresh(
    conn: &mut PgConnection,
    ambient: &Ambient,
    wishes: &[&Wish],
) -> Result<Vec<Outcome>, OrderError> {
    let customers: Vec<UserId> = wishes.iter().map(|wish| wish.command.customer_id).collect();
    let known = orders::list_active_customers(conn, &customers).await?;
    let offers = stock::list_offers_for_update(conn, &products_of(wishes)).await?;
    let mut shelf = Shelf::new(offers);
    let decided: Vec<_> = wishes
        .iter()
        .map(|wish| {
            if !known.contains(&wish.command.customer_id) {
                return Err(PlaceOrderRefusal::UnknownCustomer);
            }
            let priced = shelf.take(&wish.command.lines)?;
            Ok(new_order(ambient, &wish.command, priced))
        })
        .collect();
    write(conn, ambient, &shelf, wishes, &decided).await?;
    let outcomes: Vec<Outcome> = decided.into_iter().map(outcome).collect();
    let keyed = wishes.iter().zip(&outcomes);
    let keyed: Vec<_> =
        keyed.filter_map(|(wish, outcome)| Some((wish.request.as_ref()?, outcome))).collect();
    idempotency::remember_all(conn, ambient, &keyed).await?;
    Ok(outcomes)
}

/// Whatever the placed ones change.
async fn write(
    conn: &mut PgConnection,
    ambient: &Ambient,
    shelf: &Shelf,
    wishes: &[&Wish],
    decided: &[Result<Order, PlaceOrderRefusal>],
) -> Result<(), StoreError> {
    let placed: Vec<&Order> = decided.iter().flatten().collect();
    if placed.is_empty() {
        return Ok(());
    }
    let taken = shelf.taken().map(|(product, quantity)| (product, -quantity)).collect();
    stock::update_by(conn, &taken, ambient.now()).await?;
    orders::insert(conn, &placed).await?;
    let told = wishes.iter().zip(decided).filter_map(|(wish, order)| {
        Some(Caused { cause: &wish.cause, event: created(order.as_ref().ok()?) })
    });
    outbox::publish_all(conn, ambient, told).await
}

fn outcome(decided: Result<Order, PlaceOrderRefusal>) -> Outcome {
    match decided {
        Ok(order) => Outcome::OrderPlaced(Box::new(order)),
        Err(refusal) => Outcome::Refused(Refusal::PlaceOrder(refusal)),
    }
}

fn products_of(wishes: &[&Wish]) -> Vec<ProductId> {
    let lines = wishes.iter().flat_map(|wish| &wish.command.lines);
    let distinct: BTreeSet<ProductId> = lines.map(|line| line.product_id).collect();
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
