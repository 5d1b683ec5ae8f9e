//! How a product looks on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::EntityTag;
use crate::api::timestamp::Timestamp;
use crate::domain::ids::{Id, ProductId};
use crate::domain::product::Product;

/// Something for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub struct ProductBody {
    pub id: Uuid,
    #[schema(max_length = 64)]
    pub sku: String,
    #[schema(max_length = 200)]
    pub name: String,
    #[schema(max_length = 5000)]
    pub description: String,
    #[schema(max_length = 64)]
    pub category: String,
    /// In the currency's minor unit.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    pub unit_amount: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    pub currency: &'static str,
    pub active: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<Product> for ProductBody {
    fn from(product: Product) -> Self {
        Self {
            id: product.id.as_uuid(),
            sku: product.sku,
            name: product.name,
            description: product.description,
            category: product.category,
            unit_amount: product.price.amount.get(),
            currency: product.price.currency.code(),
            active: product.active,
            created_at: product.created_at.into(),
            updated_at: product.updated_at.into(),
        }
    }
}

/// The tag of a product as it is now.
pub fn tag_of(product: &Product) -> EntityTag {
    EntityTag::of_version(product.id, product.version)
}

/// What is on the shelf.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Inventory)]
pub struct InventoryBody {
    product_id: Uuid,
    /// Pieces that no order holds.
    #[schema(minimum = 0)]
    available: i64,
}

impl InventoryBody {
    pub fn new(product: ProductId, available: i64) -> Self {
        Self { product_id: product.as_uuid(), available }
    }
}
