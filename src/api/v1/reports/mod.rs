//! `/v1/reports`: reports as clients see them; decides nothing.

pub mod body;
pub mod cancel;
pub mod download;
pub mod generate;
pub mod list;
pub mod status;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::ApiState;
use crate::domain::access::Principal;
use crate::domain::job::JobKind;
use crate::service::jobs::Sight;

pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(generate::generate_report))
        .routes(routes!(list::list_reports))
        .routes(routes!(status::get_report_status))
        .routes(routes!(cancel::cancel_report))
}

/// Whose representation is no JSON.
pub fn files() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(download::download_report))
}

/// A caller's own reports, and all for an administrator. One about everybody is out of sight for whoever no longer may
/// see everybody.
fn sight(principal: &Principal) -> Sight {
    Sight { kind: JobKind::Report, owners: principal.job_reach(), about: principal.reach() }
}
