//! `/v1/users`: accounts as clients see them; decides nothing.

pub mod body;
pub mod get_me;
pub mod register;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(register::register_user)).routes(routes!(get_me::get_me))
}
