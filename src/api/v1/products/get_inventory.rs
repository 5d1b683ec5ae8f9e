//! `GET /v1/products/{id}/inventory`: how many pieces can be ordered now; never cached.

use axum::Json;
use axum::extract::State;

use super::body::InventoryBody;
use crate::api::extract::PathId;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ProductId;
use crate::service::products::find_inventory;

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
    Ok(Json(InventoryBody::new(id, available)))
}
