//! `/v1/audit-log`: who did what to what, as administrators see it; decides nothing.

pub mod body;
pub mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list_audit_log))
}
