//! `/v1/orders`: orders as clients see them; decides nothing.

pub mod body;
pub mod cancel;
pub mod fulfil;
pub mod get;
pub mod list;
pub mod place;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_orders, place::place_order))
        .routes(routes!(get::get_order))
        .routes(routes!(cancel::cancel_order))
        .routes(routes!(fulfil::fulfil_order))
}
