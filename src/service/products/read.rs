//! What can be read of the catalogue; nothing here is cached or changed.

use scoped_futures::ScopedFutureExt;

use super::ProductError;
use crate::domain::ids::{Id, ProductId};
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::product::{CategoryCount, Product, ProductFilter};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::{products, stock};

/// A shop has fewer by far; whoever has more is shown the first of them.
pub const MOST_CATEGORIES: i64 = 1000;

/// How many recommendations one product gets.
const RECOMMENDATIONS: i64 = 10;

/// How many of a product's newest orders recommendations are taken from.
const ORDERS_LOOKED_AT: i64 = 1000;

/// Who looks at the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Sees what is for sale.
    Public,
    /// Sees archived products too.
    Staff,
}

/// # Errors
/// [`ProductError::NotFound`] where this audience sees no such product, or the store's.
#[tracing::instrument(name = "service.products.find", skip_all)]
pub async fn find(
    services: &Services,
    id: ProductId,
    audience: Audience,
) -> Result<Product, ProductError> {
    let product = read(&services.pool, |conn| products::find(conn, id).scope_boxed()).await?;
    product
        .filter(|product| product.active || audience == Audience::Staff)
        .ok_or(ProductError::NotFound)
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
    let rows =
        read(&services.pool, move |conn| products::list(conn, filter, page).scope_boxed()).await?;
    Ok(Page::cut(rows, page.size, |product| Position {
        created_at: product.created_at,
        id: product.id.as_uuid(),
    }))
}

/// Categories with something for sale, by name; no more than [`MOST_CATEGORIES`].
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.products.list_categories", skip_all)]
pub async fn list_categories(services: &Services) -> Result<Vec<CategoryCount>, ProductError> {
    Ok(read(&services.pool, |conn| products::list_categories(conn, MOST_CATEGORIES).scope_boxed())
        .await?)
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
    read(&services.pool, move |conn| {
        async move {
            products::find(conn, id)
                .await?
                .filter(|product| product.active)
                .ok_or(ProductError::NotFound)?;
            Ok(products::list_bought_with(conn, id, ORDERS_LOOKED_AT, RECOMMENDATIONS).await?)
        }
        .scope_boxed()
    })
    .await
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
