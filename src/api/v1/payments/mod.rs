//! `/v1/payments`: payments and refunds as clients see them; decides nothing.

pub mod body;
pub mod create;
pub mod get;
pub mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_payment))
        .routes(routes!(list::list_payments))
        .routes(routes!(get::get_payment))
}
