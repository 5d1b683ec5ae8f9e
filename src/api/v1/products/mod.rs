//! `/v1/products`: the catalogue as clients see it; decides nothing.

pub mod adjust_inventory;
pub mod archive;
pub mod body;
pub mod create;
pub mod get;
pub mod get_inventory;
pub mod import;
pub mod import_status;
pub mod list;
pub mod recommendations;
mod rendered;
pub mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub use rendered::RenderedProducts;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_products, create::create_product))
        .routes(routes!(get::get_product, update::update_product, archive::archive_product))
        .routes(routes!(get_inventory::get_inventory, adjust_inventory::adjust_inventory))
        .routes(routes!(recommendations::list_product_recommendations))
        .routes(routes!(import::import_products))
        .routes(routes!(import_status::get_import_status))
}
