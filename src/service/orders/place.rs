//! Places an order: together with others that come at the same time, or alone; what placing is stands in `batch`.

use std::sync::Arc;

use scoped_futures::ScopedFutureExt;

use super::OrderError;
use super::batch::{Wish, place_batch};
use super::gather::Told;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::order::PlaceOrder;
use crate::service::idempotency::Answer;
use crate::service::transact::transact;
use crate::service::{Cause, Services};

/// Comes to [`Outcome::OrderPlaced`], or is refused with [`Refusal::PlaceOrder`].
///
/// [`Outcome::OrderPlaced`]: crate::service::outcome::Outcome::OrderPlaced
/// [`Refusal::PlaceOrder`]: crate::service::outcome::Refusal::PlaceOrder
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
    let wish = Wish { command: command.clone(), request: request.cloned(), cause: cause.clone() };
    let wish = Arc::new(wish);
    match services.gatherer.place(services, &wish).await {
        Told::Decided(answer) => answer,
        Told::GoAlone => place_alone(services, &wish).await,
    }
}

/// In a transaction of its own, which is run again where it meets a conflict.
async fn place_alone(services: &Services, wish: &Wish) -> Result<Answer, OrderError> {
    let mut answers = transact(&services.pool, |conn| {
        async move { place_batch(conn, &services.ambient, std::slice::from_ref(wish)).await }
            .scope_boxed()
    })
    .await?;
    let answer = answers.pop().ok_or(OrderError::Undecided)?;
    Ok(answer?)
}
