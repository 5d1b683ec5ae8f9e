//! `/v1/consents`: which applications somebody lets act for them, as they see it themselves; decides nothing.

pub mod body;
pub mod delete;
pub mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_consents))
        .routes(routes!(delete::delete_consent))
}
