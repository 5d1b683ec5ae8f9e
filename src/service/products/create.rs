//! Puts a new product into the catalogue, with its first stock where there is one.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::adjust_stock::adjust;
use super::{AdjustStock, Changed, ProductError};
use crate::domain::ambient::Ambient;
use crate::domain::idempotency::KeyedRequest;
use crate::domain::ids::UserId;
use crate::domain::product::{NewProduct, Product};
use crate::domain::stock::{AdjustmentReason, StockDelta};
use crate::service::Services;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record};
use crate::service::idempotency::{self, Answer, Halt, Provenance};
use crate::service::outcome::{Outcome, Refusal};
use crate::store::error::Constraint;
use crate::store::{products, stock};

/// A command: create a product, for sale at once.
#[derive(Debug, Clone)]
pub struct CreateProduct {
    pub product: NewProduct,
    /// Without it the stock begins empty.
    pub initial_stock: Option<InitialStock>,
}

/// What is on the shelf from the start, kept as the first adjustment.
#[derive(Debug, Clone)]
pub struct InitialStock {
    pub delta: StockDelta,
    pub reason: AdjustmentReason,
    pub made_by: UserId,
}

/// Comes to [`Outcome::ProductCreated`], or is refused with [`Refusal::SkuTaken`].
///
/// # Errors
/// A [`ProductError`] of the key or of the store; nothing was created.
#[tracing::instrument(name = "service.products.create", skip_all)]
pub async fn create(
    services: &Services,
    author: &Author,
    request: Option<&KeyedRequest>,
    command: &CreateProduct,
) -> Result<Answer, ProductError> {
    let creating = idempotency::run_audited(services, request, move |conn| {
        insert(conn, &services.ambient, author, command).scope_boxed()
    });
    services.catalogue.change(creating, changed).await
}

/// By a replay nothing; but whoever asked first may have gone away before it was told.
fn changed(answer: &Answer) -> Changed {
    match (&answer.outcome, &answer.provenance) {
        (Outcome::ProductCreated(product), Provenance::Fresh) => {
            Changed::Products(vec![(**product).clone()])
        }
        (Outcome::ProductCreated(_), Provenance::Replayed { .. }) => Changed::Lists,
        (_, Provenance::Fresh | Provenance::Replayed { .. }) => Changed::Nothing,
    }
}

async fn insert(
    conn: &mut PgConnection,
    ambient: &Ambient,
    author: &Author,
    command: &CreateProduct,
) -> Result<Audited<Outcome>, Halt<ProductError>> {
    let product = new_product(ambient, &command.product);
    match products::insert(conn, &product).await {
        Err(error) if error.constraint() == Some(Constraint::SkuTaken) => {
            return Err(Refusal::SkuTaken.into());
        }
        result => result?,
    }
    stock::insert(conn, product.id, product.created_at).await?;
    if let Some(initial) = &command.initial_stock {
        let first = AdjustStock {
            product_id: product.id,
            delta: initial.delta,
            reason: initial.reason.clone(),
            made_by: initial.made_by,
        };
        adjust(conn, ambient, &first).await?;
    }
    let entry = Entry { act: Act::CreateProduct, target: Target::Product(product.id) };
    let created = Outcome::ProductCreated(Box::new(product));
    Ok(record(conn, ambient, author, &[entry], created).await?)
}

/// For sale from now on.
pub(in crate::service) fn new_product(ambient: &Ambient, new: &NewProduct) -> Product {
    let now = ambient.now();
    Product {
        id: ambient.id(),
        sku: new.sku.as_str().to_owned(),
        name: new.name.as_str().to_owned(),
        description: new.description.as_str().to_owned(),
        category: new.category.as_str().to_owned(),
        price: new.price,
        active: true,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}
