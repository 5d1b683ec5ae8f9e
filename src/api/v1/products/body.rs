//! How a product looks on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::timestamp::Timestamp;
use crate::domain::ids::Id;
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
    #[schema(min_length = 3, max_length = 3)]
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
