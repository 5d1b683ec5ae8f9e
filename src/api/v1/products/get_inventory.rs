//! `GET /v1/products/{id}/inventory`: how many pieces can be ordered now; never cached.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::PathId;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::{Id, ProductId};
use crate::service::products::find_inventory;

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

/// Read a product's stock
///
/// How many pieces can be ordered at this moment; never cached.
#[utoipa::path(
    get, path = "/v1/products/{id}/inventory", tag = "products", security(()),
    params(("id" = uuid::Uuid, Path, description = "The product's id.")),
    responses((status = 200, description = "The stock at this moment.", body = InventoryBody)),
)]
pub async fn get_inventory(
    State(state): State<ApiState>,
    PathId(id): PathId<ProductId>,
) -> Result<Json<InventoryBody>, Problem> {
    let available = find_inventory(&state.services, id).await?;
    Ok(Json(InventoryBody { product_id: id.as_uuid(), available }))
}
