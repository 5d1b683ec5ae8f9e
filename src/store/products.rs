//! Rows of the catalogue; what is in stock of them stands in [`super::stock`].

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::ids::{Id, ProductId};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::page::PageRequest;
use crate::domain::product::{Category, CategoryCount, Product, ProductFilter, Sku};

struct ProductRow {
    id: Uuid,
    sku: String,
    name: String,
    description: String,
    category: String,
    unit_amount: i64,
    currency: String,
    active: bool,
    version: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<ProductRow> for Product {
    type Error = StoreError;

    fn try_from(row: ProductRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "products", key: &row.id };
        let price = Money {
            amount: named.believe("unit_amount", Amount::new(row.unit_amount))?,
            currency: named.believe("currency", Currency::parse(&row.currency))?,
        };
        Ok(Self {
            id: row.id.into(),
            sku: row.sku,
            name: row.name,
            description: row.description,
            category: row.category,
            price,
            active: row.active,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// # Errors
/// [`super::error::Constraint::SkuTaken`], or the database doesn't answer.
#[tracing::instrument(name = "store.products.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, product: &Product) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO products (id, sku, name, description, category, unit_amount, currency, active,
                               version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        product.id.as_uuid(),
        product.sku,
        product.name,
        product.description,
        product.category,
        product.price.amount.get(),
        product.price.currency.code(),
        product.active,
        product.version,
        product.created_at,
        product.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.products.find", level = "debug", skip_all)]
pub async fn find(conn: &mut PgConnection, id: ProductId) -> Result<Option<Product>, StoreError> {
    sqlx::query_as!(
        ProductRow,
        "SELECT id, sku, name, description, category, unit_amount, currency, active, version,
                created_at, updated_at
         FROM products WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Product::try_from)
    .transpose()
}

/// Locks the row against other changes, but not against orders that refer to it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.products.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    id: ProductId,
) -> Result<Option<Product>, StoreError> {
    sqlx::query_as!(
        ProductRow,
        "SELECT id, sku, name, description, category, unit_amount, currency, active, version,
                created_at, updated_at
         FROM products WHERE id = $1 FOR NO KEY UPDATE",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Product::try_from)
    .transpose()
}

/// The same, by its article number.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.products.find_by_sku_for_update", level = "debug", skip_all)]
pub async fn find_by_sku_for_update(
    conn: &mut PgConnection,
    sku: &Sku,
) -> Result<Option<Product>, StoreError> {
    sqlx::query_as!(
        ProductRow,
        "SELECT id, sku, name, description, category, unit_amount, currency, active, version,
                created_at, updated_at
         FROM products WHERE sku = $1 FOR NO KEY UPDATE",
        sku.as_str()
    )
    .fetch_optional(conn)
    .await?
    .map(Product::try_from)
    .transpose()
}

/// Active products, newest first: up to a page and one more.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.products.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    filter: &ProductFilter,
    page: PageRequest,
) -> Result<Vec<Product>, StoreError> {
    let pattern = filter.text.as_ref().map(|text| contains(text.as_str()));
    sqlx::query_as!(
        ProductRow,
        "SELECT id, sku, name, description, category, unit_amount, currency, active, version,
                created_at, updated_at
         FROM products
         WHERE active
           AND ($1::text IS NULL OR category = $1)
           AND ($2::text IS NULL OR (name || ' ' || sku) ILIKE $2 AND (name ILIKE $2 OR sku ILIKE $2))
           AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
         ORDER BY created_at DESC, id DESC
         LIMIT $5",
        filter.category.as_ref().map(Category::as_str),
        pattern,
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Product::try_from)
    .collect()
}

/// Active products that were in paid orders together with this one, the most frequent first. It looks at the product's
/// newest orders alone, so that it costs the same however often the product was sold.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.products.list_bought_with", level = "debug", skip_all)]
pub async fn list_bought_with(
    conn: &mut PgConnection,
    id: ProductId,
    orders: i64,
    limit: i64,
) -> Result<Vec<Product>, StoreError> {
    sqlx::query_as!(
        ProductRow,
        "SELECT products.id, products.sku, products.name, products.description, products.category,
                products.unit_amount, products.currency, products.active, products.version,
                products.created_at, products.updated_at
         FROM (SELECT order_id FROM order_items WHERE product_id = $1
               GROUP BY order_id ORDER BY order_id DESC LIMIT $2) AS newest
         JOIN orders ON orders.id = newest.order_id AND orders.status IN ('paid', 'fulfilled')
         JOIN order_items AS beside ON beside.order_id = orders.id AND beside.product_id <> $1
         JOIN products ON products.id = beside.product_id AND products.active
         GROUP BY products.id
         ORDER BY count(DISTINCT orders.id) DESC, products.id
         LIMIT $3",
        id.as_uuid(),
        orders,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Product::try_from)
    .collect()
}

/// Categories that have active products, by name, up to `limit`.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.products.list_categories", level = "debug", skip_all)]
pub async fn list_categories(
    conn: &mut PgConnection,
    limit: i64,
) -> Result<Vec<CategoryCount>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT category, count(*) AS "products!" FROM products
           WHERE active GROUP BY category ORDER BY category LIMIT $1"#,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let named = RowKey { table: "products", key: &row.category };
            let category = named.believe("category", Category::parse(&row.category))?;
            Ok(CategoryCount { category, products: row.products })
        })
        .collect()
}

/// Writes everything that may change of a product.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.products.update", level = "debug", skip_all)]
pub async fn update(conn: &mut PgConnection, product: &Product) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE products SET name = $2, description = $3, category = $4, unit_amount = $5,
                             currency = $6, active = $7, version = $8, updated_at = $9
         WHERE id = $1",
        product.id.as_uuid(),
        product.name,
        product.description,
        product.category,
        product.price.amount.get(),
        product.price.currency.code(),
        product.active,
        product.version,
        product.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A `LIKE` pattern that finds `text` itself: its own wildcards stand for nothing but themselves.
fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
