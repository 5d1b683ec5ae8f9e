//! `/v1/idempotency-keys`: what became of keyed requests, for clients that lost the answer; decides nothing.

pub mod get;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get::get_idempotency_key))
}
