//! `GET /v1/categories`: the groups that have something for sale, by name.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::ReadConditions;
use crate::api::problem::Problem;
use crate::api::representation::Representation;
use crate::api::state::ApiState;
use crate::domain::product::CategoryCount;
use crate::service::products;

/// All categories at once: there are few.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryList)]
pub struct CategoryListBody {
    #[schema(max_items = 1000)]
    data: Vec<CategoryBody>,
}

/// A group of products.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryBody {
    /// What `GET /v1/products?category=` takes.
    #[schema(max_length = 64)]
    name: String,
    /// How many products of it are for sale.
    #[schema(minimum = 1)]
    products: i64,
}

impl From<CategoryCount> for CategoryBody {
    fn from(count: CategoryCount) -> Self {
        Self { name: count.category.as_str().to_owned(), products: count.products }
    }
}

/// List categories
///
/// Those that have something for sale, by name.
#[utoipa::path(
    get, path = "/v1/categories", tag = "products", security(()),
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of a copy that the client has.")),
    responses(
        (status = 200, description = "By name.", body = CategoryListBody),
        (status = 304, description = "The client's copy is still right."),
    ),
)]
pub async fn list_categories(
    State(state): State<ApiState>,
    conditions: ReadConditions,
) -> Result<Response, Problem> {
    let found = products::list_categories(&state.services).await?;
    let data = found.into_iter().map(CategoryBody::from).collect();
    Ok(Representation::hashed(&CategoryListBody { data })?.public(&conditions))
}
