//! `/v2/users`: accounts as clients see them from version 2 on; decides nothing.

pub mod body;
pub mod get;
pub mod get_me;
pub mod register;
pub mod update_me;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(register::register_user))
        .routes(routes!(get_me::get_me, update_me::update_me))
        .routes(routes!(get::get_user))
}
