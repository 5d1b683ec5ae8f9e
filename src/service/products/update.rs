//! Changes what the catalogue says of a product; orders that exist keep what they were placed with.

use scoped_futures::ScopedFutureExt;

use super::{Changed, ProductError};
use crate::domain::ids::ProductId;
use crate::domain::product::{Product, ProductChange};
use crate::domain::version::ExpectedVersion;
use crate::service::Services;
use crate::service::transact::transact;
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
pub async fn update(services: &Services, command: &UpdateProduct) -> Result<Product, ProductError> {
    let updating = transact(&services.pool, move |conn| {
        async move {
            let before =
                products::find_for_update(conn, command.id).await?.ok_or(ProductError::NotFound)?;
            if !command.expected_version.includes(before.version) {
                return Err(ProductError::PreconditionFailed { version: before.version });
            }
            let after = before.apply(command.change.clone(), services.ambient.now());
            products::update(conn, &after).await?;
            Ok(after)
        }
        .scope_boxed()
    });
    let changed = |after: &Product| Changed::Products(vec![after.clone()]);
    services.catalogue.change(updating, changed).await
}
