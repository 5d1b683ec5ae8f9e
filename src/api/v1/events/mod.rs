//! `/v1/events`: what happened, as clients see it; decides nothing.

pub mod body;
pub mod get;
pub mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list_events)).routes(routes!(get::get_event))
}
