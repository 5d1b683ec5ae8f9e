//! `POST /v1/orders`: places an order.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::OrderBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, KeyedCall, Parse, ValidJson, parse_id};
use crate::api::openapi::{metadata, problems};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::Violation;
use crate::domain::ids::UserId;
use crate::domain::metadata::Metadata;
use crate::domain::order::{MAX_LINES, PlaceOrder, Quantity, RequestedLine};
use crate::service::idempotency::Answer;
use crate::service::orders::place;

/// What somebody wants to buy; the prices are the catalogue's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({
    "items": [
        { "productId": "01890a5d-ac96-774b-bcce-b302099a9001", "quantity": 2 },
        { "productId": "01890a5d-ac96-774b-bcce-b302099a9002", "quantity": 1 }
    ],
    "metadata": { "gift": "yes" }
}))]
pub struct PlaceOrderRequest {
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<OrderItemRequest>,
    /// Whose order it is; only for callers who may act for others. Default: the caller's own.
    #[schema(max_length = 36, format = Uuid)]
    customer_id: Option<String>,
    /// At most 20 members.
    #[serde(default)]
    #[schema(schema_with = metadata)]
    metadata: BTreeMap<String, String>,
}

/// One line of an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OrderItemRequest {
    #[schema(max_length = 36, format = Uuid)]
    product_id: String,
    #[schema(minimum = 1, maximum = 1000)]
    quantity: i64,
}

/// A request whose values are right; whose order it is depends on the caller.
#[derive(Debug)]
pub struct Wanted {
    customer_id: Option<UserId>,
    lines: Vec<RequestedLine>,
    metadata: Metadata,
}

impl Parse for PlaceOrderRequest {
    type Command = Wanted;

    fn parse(self, fields: &mut Fields) -> Option<Wanted> {
        if self.items.is_empty() || self.items.len() > MAX_LINES {
            fields.fail("/items", Violation::new("out_of_range", "must have 1 to 100 lines"));
            return None;
        }
        let lines = fields.each("/items", self.items, |fields, pointer, item| {
            let product =
                fields.parse(format!("{pointer}/productId"), &item.product_id, |id| parse_id(id));
            let quantity =
                fields.parse(format!("{pointer}/quantity"), item.quantity, Quantity::new);
            Some(RequestedLine { product_id: product?, quantity: quantity? })
        });
        let customer = fields.optional("/customerId", self.customer_id, |id: String| parse_id(&id));
        let metadata = fields.parse("/metadata", self.metadata, Metadata::parse);
        Some(Wanted { customer_id: customer?, lines: lines?, metadata: metadata? })
    }
}

problems!(PlaceOrderProblems: InsufficientStock, CurrencyMismatch, Forbidden);

/// Place an order
///
/// Reserves the stock and fixes the prices. Repeating the request with its key answers the same again.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders", security(("bearer" = ["orders:write"])),
    request_body = PlaceOrderRequest,
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters.")),
    responses((status = 201, description = "The order; `Location` names it.", body = OrderBody), PlaceOrderProblems),
)]
pub async fn place_order(
    State(state): State<ApiState>,
    caller: Caller<may::WriteOrders>,
    call: KeyedCall,
    request: ValidJson<PlaceOrderRequest>,
) -> Result<Answer, Problem> {
    let principal = caller.principal;
    let Wanted { customer_id, lines, metadata } = request.command;
    let customer_id = customer_id.unwrap_or(principal.user_id);
    if !principal.may_act_for(customer_id) {
        return Err(Problem::new(ProblemCode::Forbidden)
            .detail("This caller places no orders for other customers."));
    }
    let keyed = call.request(&principal, &request.canonical);
    let command = PlaceOrder { customer_id, lines, metadata };
    Ok(place(&state.services, Some(&keyed), &call.cause, &command).await?)
}
