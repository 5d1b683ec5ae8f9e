//! `/v1/orders`: orders as clients see them; decides nothing.

pub mod body;
pub mod get;
pub mod place;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(place::place_order)).routes(routes!(get::get_order))
}
