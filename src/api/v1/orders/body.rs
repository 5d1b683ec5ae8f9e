//! How an order looks on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::openapi::metadata;
use crate::api::timestamp::Timestamp;
use crate::domain::ids::Id;
use crate::domain::order::{Order, OrderLine};

/// What a customer ordered, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub struct OrderBody {
    pub id: Uuid,
    pub customer_id: Uuid,
    /// `pending`, `paid`, `fulfilled`, `refunded`, `cancelled` or `expired`.
    #[schema(max_length = 16)]
    pub status: &'static str,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    pub currency: &'static str,
    /// In the currency's minor unit, as the other amounts.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    pub total_amount: i64,
    #[schema(minimum = 0, maximum = 99_999_999_999_i64)]
    pub paid_amount: i64,
    #[schema(minimum = 0, maximum = 99_999_999_999_i64)]
    pub refunded_amount: i64,
    #[schema(max_items = 100)]
    pub items: Vec<OrderItemBody>,
    #[schema(schema_with = metadata)]
    pub metadata: BTreeMap<String, String>,
    /// An order that is unpaid by then gives its stock back.
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One line, with price and name as they were when the order was placed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderItem)]
pub struct OrderItemBody {
    pub product_id: Uuid,
    #[schema(max_length = 64)]
    pub sku: String,
    #[schema(max_length = 200)]
    pub name: String,
    #[schema(minimum = 1, maximum = 1000)]
    pub quantity: u32,
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    pub unit_amount: i64,
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    pub amount: i64,
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        Self {
            id: order.id.as_uuid(),
            customer_id: order.customer_id.as_uuid(),
            status: order.status.as_str(),
            currency: order.currency.code(),
            total_amount: order.total.get(),
            paid_amount: order.paid_amount,
            refunded_amount: order.refunded_amount,
            items: order.lines.into_iter().map(Into::into).collect(),
            metadata: order.metadata.as_map().clone(),
            expires_at: order.expires_at.into(),
            created_at: order.created_at.into(),
            updated_at: order.updated_at.into(),
        }
    }
}

impl From<OrderLine> for OrderItemBody {
    fn from(line: OrderLine) -> Self {
        Self {
            product_id: line.product_id.as_uuid(),
            sku: line.sku,
            name: line.name,
            quantity: line.quantity.get(),
            unit_amount: line.unit_amount.get(),
            amount: line.amount.get(),
        }
    }
}
