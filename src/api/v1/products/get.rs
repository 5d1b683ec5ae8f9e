//! `GET /v1/products/{id}`: one product.

use axum::Json;
use axum::extract::State;

use super::body::ProductBody;
use crate::api::extract::PathId;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ProductId;
use crate::service::products::{Audience, find};

/// Read a product
///
/// One that is no longer for sale is 404.
#[utoipa::path(
    get, path = "/v1/products/{id}", tag = "products", security(()),
    params(("id" = uuid::Uuid, Path, description = "The product's id.")),
    responses((status = 200, description = "The product.", body = ProductBody)),
)]
pub async fn get_product(
    State(state): State<ApiState>,
    PathId(id): PathId<ProductId>,
) -> Result<Json<ProductBody>, Problem> {
    Ok(Json(find(&state.services, id, Audience::Public).await?.into()))
}
