//! `/v1/oauth-clients`: applications as administrators register them; decides nothing.

pub mod body;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
mod parts;
pub mod rotate_secret;
pub mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_oauth_client, list::list_oauth_clients))
        .routes(routes!(
            get::get_oauth_client,
            update::update_oauth_client,
            delete::delete_oauth_client
        ))
        .routes(routes!(rotate_secret::rotate_oauth_client_secret))
}
