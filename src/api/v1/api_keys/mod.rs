//! `/v1/api-keys`: what programs call with in their owners' names, as owners see it; decides nothing.

pub mod body;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod rotate;
pub mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_api_key, list::list_api_keys))
        .routes(routes!(get::get_api_key, update::update_api_key, delete::delete_api_key))
        .routes(routes!(rotate::rotate_api_key))
}
