//! `GET /v1/reports`: the caller's reports, all of them for an administrator, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::ReportBody;
use super::sight;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::page::Page;
use crate::service::jobs::list;

/// Which page of reports.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListReportsQuery {
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

impl Parse for ListReportsQuery {
    type Command = AskedPage;

    fn parse(self, fields: &mut Fields) -> Option<AskedPage> {
        AskedPage::parse(fields, self.limit, self.cursor)
    }
}

/// List reports
///
/// Newest first. An administrator sees those of all.
#[utoipa::path(
    get, path = "/v1/reports", tag = "reports", security(("bearer" = ["reports:read"])),
    params(ListReportsQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<ReportBody>)),
)]
pub async fn list_reports(
    State(state): State<ApiState>,
    caller: Caller<may::ReadReports>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListReportsQuery>,
) -> Result<Listed<ReportBody>, Problem> {
    let sight = sight(&caller.principal);
    let text = |reach: crate::domain::access::Reach| reach.customer().map(|id| id.to_string());
    let scope = ListScope::of("reports")
        .with("owner", text(sight.owners).as_deref())
        .with("about", text(sight.about).as_deref());
    let page = asked.open(&state.cursors, &scope)?;
    let Page { rows, next } = list(&state.services, sight, page).await?;
    let rows = rows.into_iter().map(ReportBody::try_from).collect::<Result<_, _>>()?;
    Ok(Listed::new(Page { rows, next }, &uri, &state.cursors, &scope))
}
