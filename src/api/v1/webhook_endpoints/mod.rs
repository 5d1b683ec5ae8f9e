//! `/v1/webhook-endpoints`: who is told of events over HTTP, as their owners see them; decides nothing.

pub mod body;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod list_deliveries;
pub mod redeliver;
pub mod rotate;
pub mod test;
pub mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_webhook_endpoint, list::list_webhook_endpoints))
        .routes(routes!(
            get::get_webhook_endpoint,
            update::update_webhook_endpoint,
            delete::delete_webhook_endpoint
        ))
        .routes(routes!(rotate::rotate_webhook_endpoint))
        .routes(routes!(test::test_webhook_endpoint))
        .routes(routes!(list_deliveries::list_webhook_deliveries))
        .routes(routes!(redeliver::redeliver_webhook))
}
