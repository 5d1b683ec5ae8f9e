//! Changes what the catalogue says of a product; orders that exist keep what they were placed with.

use scoped_futures::ScopedFutureExt;

use super::{Changed, ProductError};
use crate::domain::ids::ProductId;
use crate::domain::product::{Product, ProductChange};
use crate::domain::version::ExpectedVersion;
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::store::products;

/// A command: change a product.
#[derive(Debug, Clone)]
pub struct UpdateProduct {
    pub id: ProductId,
    pub change: ProductChange,
    /// What the caller saw; the change is refused where it is another by now.
    pub expected_version: ExpectedVersion,
}

/// The product as it is afterwards.
///
/// # Errors
/// [`ProductError::NotFound`], [`ProductError::PreconditionFailed`], or the store's; nothing was changed.
#[tracing::instrument(name = "service.products.update", skip_all)]
pub async fn update(
    services: &Services,
    author: &Author,
    command: &UpdateProduct,
) -> Result<Product, ProductError> {
    let updating = transact_audited(&services.pool, move |conn| {
        async move {
            let before =
                products::find_for_update(conn, command.id).await?.ok_or(ProductError::NotFound)?;
            if !command.expected_version.includes(before.version) {
                return Err(ProductError::PreconditionFailed { version: before.version });
            }
            let after = before.clone().apply(command.change.clone(), services.ambient.now());
            products::update(conn, &after).await?;
            let entry = Entry { act: act(&before, &after), target: Target::Product(after.id) };
            Ok(record(conn, &services.ambient, author, &[entry], after).await?)
        }
        .scope_boxed()
    });
    let changed = |after: &Product| Changed::Products(vec![after.clone()]);
    services.catalogue.change(updating, changed).await
}

/// What this change is called.
fn act(before: &Product, after: &Product) -> Act {
    let changed = [
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("category", before.category != after.category),
        ("unitAmount", before.price.amount != after.price.amount),
        ("currency", before.price.currency != after.price.currency),
        ("active", before.active != after.active),
    ];
    let members: Vec<_> =
        changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect();
    if members == ["active"] && !after.active {
        Act::ArchiveProduct
    } else {
        Act::UpdateProduct { members }
    }
}
