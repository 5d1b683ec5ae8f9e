//! `GET /v1/products/{id}/recommendations`: what others bought together with it.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::ProductBody;
use crate::api::extract::{PathId, ReadConditions};
use crate::api::problem::Problem;
use crate::api::representation::Representation;
use crate::api::state::ApiState;
use crate::domain::ids::ProductId;
use crate::service::products::list_recommendations;

/// What goes well with a product, the most frequent first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recommendations)]
pub struct RecommendationsBody {
    #[schema(max_items = 10)]
    data: Vec<ProductBody>,
}

/// List what is bought together with a product
///
/// At most ten products for sale, taken from its newest paid orders.
#[utoipa::path(
    get, path = "/v1/products/{id}/recommendations", tag = "products", security(()),
    params(
        ("id" = uuid::Uuid, Path, description = "The product's id."),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of a copy that the client has."),
    ),
    responses(
        (status = 200, description = "The most frequent first.", body = RecommendationsBody),
        (status = 304, description = "The client's copy is still right."),
    ),
)]
pub async fn list_product_recommendations(
    State(state): State<ApiState>,
    PathId(id): PathId<ProductId>,
    conditions: ReadConditions,
) -> Result<Response, Problem> {
    let products = list_recommendations(&state.services, id).await?;
    let data = products.into_iter().map(ProductBody::from).collect();
    Ok(Representation::hashed(&RecommendationsBody { data })?.public(&conditions))
}
