//! Changes a stock by hand: deliveries, losses, counts. Orders change it by themselves, elsewhere.

use std::collections::BTreeMap;

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::ProductError;
use crate::domain::ambient::Ambient;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::{ProductId, UserId};
use crate::domain::stock::{AdjustmentReason, StockDelta};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record};
use crate::service::idempotency::{self, Answer, Halt};
use crate::service::outcome::{Outcome, Refusal};
use crate::store::stock::{self, NewAdjustment};

/// A command: add pieces to a stock, or take some away.
#[derive(Debug, Clone)]
pub struct AdjustStock {
    pub product_id: ProductId,
    pub delta: StockDelta,
    pub reason: AdjustmentReason,
    pub made_by: UserId,
}

/// Comes to [`Outcome::StockAdjusted`], or is refused with [`Refusal::InsufficientStock`].
///
/// # Errors
/// [`ProductError::NotFound`], or of the key or the store; nothing was changed.
#[tracing::instrument(name = "service.products.adjust_stock", skip_all)]
pub async fn adjust_stock(
    services: &Services,
    author: &Author,
    request: Option<&KeyedRequest>,
    command: &AdjustStock,
) -> Result<Answer, ProductError> {
    idempotency::run_audited(services, request, move |conn| {
        async move {
            let ambient = &services.ambient;
            let available = adjust(conn, ambient, command).await?;
            let act = Act::AdjustInventory { delta: command.delta.get(), available };
            let entry = Entry { act, target: Target::Product(command.product_id) };
            let adjusted = Outcome::StockAdjusted { product_id: command.product_id, available };
            Ok(record(conn, ambient, author, &[entry], adjusted).await?)
        }
        .scope_boxed()
    })
    .await
}

/// Changes the stock and keeps why; what is available then.
pub(super) async fn adjust(
    conn: &mut PgConnection,
    ambient: &Ambient,
    command: &AdjustStock,
) -> Result<i64, Halt<ProductError>> {
    let AdjustStock { product_id, delta, ref reason, made_by } = *command;
    let available = stock::find_for_update(conn, product_id)
        .await?
        .ok_or(Halt::Failed(ProductError::NotFound))?;
    let left = available.saturating_add(delta.get());
    if left < 0 {
        return Err(Refusal::InsufficientStock { available }.into());
    }
    let now = ambient.now();
    let adjustment = NewAdjustment { id: ambient.id(), product_id, delta, reason, made_by };
    stock::insert_adjustment(conn, adjustment, now).await?;
    stock::update_by(conn, &BTreeMap::from([(product_id, delta.get())]), now).await?;
    Ok(left)
}
