//! `/v1/auth` and the published keys: signing in as clients see it; decides nothing.

pub mod jwks;
pub mod refresh;
pub mod revoke;
pub mod token;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(token::create_token))
        .routes(routes!(refresh::refresh_token))
        .routes(routes!(revoke::revoke_token))
        .routes(routes!(jwks::get_jwks))
}
