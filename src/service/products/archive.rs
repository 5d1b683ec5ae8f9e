//! Takes a product out of sale; its row stays, since orders refer to it.

use super::{ProductError, UpdateProduct, update};
use crate::domain::ids::ProductId;
use crate::domain::product::{Product, ProductChange};
use crate::domain::version::ExpectedVersion;
use crate::service::Services;
use crate::service::audit::Author;

/// The product as it is afterwards; archiving twice changes nothing more than its version.
///
/// # Errors
/// [`ProductError::NotFound`], [`ProductError::PreconditionFailed`], or the store's; nothing was changed.
#[tracing::instrument(name = "service.products.archive", skip_all)]
pub async fn archive(
    services: &Services,
    author: &Author,
    id: ProductId,
    expected_version: ExpectedVersion,
) -> Result<Product, ProductError> {
    let change = ProductChange { active: Some(false), ..ProductChange::default() };
    update(services, author, &UpdateProduct { id, change, expected_version }).await
}
