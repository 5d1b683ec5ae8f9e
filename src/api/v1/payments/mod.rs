//! `/v1/payments`: payments and refunds as clients see them; decides nothing.

pub mod body;
pub mod cancel;
pub mod capture;
pub mod create;
pub mod get;
pub mod get_refund;
pub mod list;
pub mod list_refunds;
pub mod refund;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_payment))
        .routes(routes!(list::list_payments))
        .routes(routes!(get::get_payment))
        .routes(routes!(capture::capture_payment))
        .routes(routes!(cancel::cancel_payment))
        .routes(routes!(refund::refund_payment, list_refunds::list_refunds))
        .routes(routes!(get_refund::get_refund))
}
