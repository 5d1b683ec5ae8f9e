//! `/v1/auth` and the published keys: signing in as clients see it; decides nothing.

pub mod confirm_password_reset;
pub mod jwks;
pub mod refresh;
pub mod request_password_reset;
pub mod resend_verification;
pub mod revoke;
pub mod revoke_all;
pub mod token;
pub mod verify_email;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(token::create_token))
        .routes(routes!(refresh::refresh_token))
        .routes(routes!(revoke::revoke_token))
        .routes(routes!(revoke_all::revoke_all))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(resend_verification::resend_verification))
        .routes(routes!(request_password_reset::request_password_reset))
        .routes(routes!(confirm_password_reset::confirm_password_reset))
        .routes(routes!(jwks::get_jwks))
}
