//! What can be read of the catalogue: what is for sale through the cache, stock from the database; nothing is changed.

use std::sync::Arc;

use scoped_futures::ScopedFutureExt;

use super::ProductError;
use crate::domain::ids::ProductId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::product::{CategoryCount, Product, ProductFilter};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::stock;

/// A shop has fewer by far; whoever has more is shown the first of them.
pub const MOST_CATEGORIES: i64 = 1000;

/// How many recommendations one product gets.
pub(super) const RECOMMENDATIONS: i64 = 10;

/// How many of a product's newest orders recommendations are taken from.
pub(super) const ORDERS_LOOKED_AT: i64 = 1000;

/// A product that is for sale.
///
/// # Errors
/// [`ProductError::NotFound`] where there is none, or it isn't; or the store's.
#[tracing::instrument(name = "service.products.find", skip_all)]
pub async fn find(services: &Services, id: ProductId) -> Result<Arc<Product>, ProductError> {
    let found = services.catalogue.product(&services.pool, id).await?;
    found.filter(|product| product.active).ok_or(ProductError::NotFound)
}

/// Products for sale, newest first.
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.products.list", skip_all)]
pub async fn list(
    services: &Services,
    filter: &ProductFilter,
    page: PageRequest,
) -> Result<Page<Product>, ProductError> {
    Ok(services.catalogue.page(&services.pool, filter, page).await?)
}

/// Categories with something for sale, by name; no more than [`MOST_CATEGORIES`].
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.products.list_categories", skip_all)]
pub async fn list_categories(services: &Services) -> Result<Vec<CategoryCount>, ProductError> {
    Ok(services.catalogue.categories(&services.pool).await?)
}

/// What is bought together with this product, the most frequent first.
///
/// # Errors
/// [`ProductError::NotFound`] where it isn't for sale, or the store's.
#[tracing::instrument(name = "service.products.list_recommendations", skip_all)]
pub async fn list_recommendations(
    services: &Services,
    id: ProductId,
) -> Result<Vec<Product>, ProductError> {
    find(services, id).await?;
    Ok(services.catalogue.bought_with(&services.pool, id).await?)
}

/// How many pieces can be ordered now.
///
/// # Errors
/// [`ProductError::NotFound`], or the store's.
#[tracing::instrument(name = "service.products.find_inventory", skip_all)]
pub async fn find_inventory(services: &Services, id: ProductId) -> Result<i64, ProductError> {
    read(&services.pool, |conn| stock::find(conn, id).scope_boxed())
        .await?
        .ok_or(ProductError::NotFound)
}
