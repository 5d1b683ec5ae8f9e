//! `/v1/products`: the catalogue as clients see it; caches nothing and decides nothing.

pub mod body;
pub mod create;
pub mod get;
pub mod get_inventory;
pub mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_products, create::create_product))
        .routes(routes!(get::get_product))
        .routes(routes!(get_inventory::get_inventory))
}
