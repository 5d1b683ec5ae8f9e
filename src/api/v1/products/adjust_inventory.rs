//! `POST /v1/products/{id}/inventory`: changes a stock by hand.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::InventoryBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, MaybeKeyedCall, Parse, PathId, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ProductId;
use crate::domain::stock::{AdjustmentReason, StockDelta};
use crate::service::idempotency::Answer;
use crate::service::products::{AdjustStock, adjust_stock};

/// By how much, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "delta": 100, "reason": "delivery" }))]
pub struct AdjustInventoryRequest {
    /// Pieces that come (above 0) or go (below); not 0.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    delta: i64,
    #[schema(min_length = 1, max_length = 200, format = "words")]
    reason: String,
}

/// A change that is possible in itself.
#[derive(Debug)]
pub struct Wanted {
    delta: StockDelta,
    reason: AdjustmentReason,
}

impl Parse for AdjustInventoryRequest {
    type Command = Wanted;

    fn parse(self, fields: &mut Fields) -> Option<Wanted> {
        let delta = fields.parse("/delta", self.delta, StockDelta::new);
        let reason = fields.parse("/reason", &self.reason, |text| AdjustmentReason::parse(text));
        Some(Wanted { delta: delta?, reason: reason? })
    }
}

problems!(AdjustInventoryProblems: InsufficientStock);

/// Change a product's stock
///
/// For deliveries, losses and counts; orders change it by themselves. With a key a repetition changes nothing more.
#[utoipa::path(
    post, path = "/v1/products/{id}/inventory", tag = "products", security(("bearer" = ["catalog:write"])),
    request_body = AdjustInventoryRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The product's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters."),
    ),
    responses((status = 200, description = "The stock after the change.", body = InventoryBody), AdjustInventoryProblems),
)]
pub async fn adjust_inventory(
    State(state): State<ApiState>,
    caller: Caller<may::WriteCatalog>,
    PathId(product_id): PathId<ProductId>,
    call: MaybeKeyedCall,
    request: ValidJson<AdjustInventoryRequest>,
) -> Result<Answer, Problem> {
    let keyed = call.request(&caller.principal, &request.canonical);
    let Wanted { delta, reason } = request.command;
    let command = AdjustStock { product_id, delta, reason, made_by: caller.principal.user_id };
    Ok(adjust_stock(&state.services, &caller.author, keyed.as_ref(), &command).await?)
}
