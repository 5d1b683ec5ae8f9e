//! `GET /v1/products/{id}`: one product.

use axum::extract::State;
use axum::response::Response;

use super::body::ProductBody;
use crate::api::extract::{PathId, ReadConditions};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ProductId;
use crate::service::products::find;

/// Read a product
///
/// One that is no longer for sale is 404.
#[utoipa::path(
    get, path = "/v1/products/{id}", tag = "products", security(()),
    params(
        ("id" = uuid::Uuid, Path, description = "The product's id."),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of a copy that the client has."),
        ("If-Modified-Since" = Option<String>, Header, description = "The `Last-Modified` of a copy; `If-None-Match` goes first."),
    ),
    responses(
        (status = 200, description = "The product.", body = ProductBody),
        (status = 304, description = "The client's copy is still right."),
    ),
)]
pub async fn get_product(
    State(state): State<ApiState>,
    PathId(id): PathId<ProductId>,
    conditions: ReadConditions,
) -> Result<Response, Problem> {
    let product = find(&state.services, id).await?;
    let shown = state.rendered_products.show(&product)?;
    Ok(shown.as_of(state.services.ambient.now()).public(&conditions))
}
