//! `/v1/deprecated-calls`: who still calls what is on its way out, as administrators see it; decides nothing.

pub mod body;
pub mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list_deprecated_calls))
}
