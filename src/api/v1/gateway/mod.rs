//! `/v1/gateway`: where the payment gateway speaks to us; decides nothing.

pub mod callback;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(callback::receive_gateway_callback))
}
