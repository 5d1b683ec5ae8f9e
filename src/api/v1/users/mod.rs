//! `/v1/users`: accounts as clients see them; decides nothing.

pub mod body;
pub mod delete_me;
pub mod get;
pub mod get_me;
pub mod list;
pub mod register;
pub mod update;
pub mod update_me;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_users, register::register_user))
        .routes(routes!(get_me::get_me, update_me::update_me, delete_me::delete_me))
        .routes(routes!(get::get_user, update::update_user))
}
