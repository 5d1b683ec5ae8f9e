//! `POST /v1/reports/generate`: asks for a report.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::JobAcceptedBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, MaybeKeyedCall, Parse, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::api::timestamp::Timestamp;
use crate::domain::access::Reach;
use crate::domain::report::{Period, ReportFormat, ReportKind, ReportOrder};
use crate::service::idempotency::Answer;
use crate::service::reports::{RequestReport, request};

/// What the report tells of, in which format, over which time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "orders", "format": "csv", "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"
}))]
pub struct GenerateReportRequest {
    /// `sales` (what was paid for of each product on each day, UTC), `orders`, `payments`, `ledger` (the journal, line by
    /// line) or `reconciliation` (our journal against the payment gateway's record, with the differences; for staff).
    #[schema(max_length = 16, pattern = "^(sales|orders|payments|ledger|reconciliation)$")]
    kind: String,
    /// `csv`, `xlsx` or `ndjson`.
    #[schema(max_length = 8, pattern = "^(csv|xlsx|ndjson)$")]
    format: String,
    /// The first moment (RFC 3339) that it tells of.
    #[schema(max_length = 40, format = DateTime)]
    from: String,
    /// The first moment that it tells of no more; at most 366 days later.
    #[schema(max_length = 40, format = DateTime)]
    to: String,
}

impl Parse for GenerateReportRequest {
    type Command = ReportOrder;

    fn parse(self, fields: &mut Fields) -> Option<ReportOrder> {
        let kind = fields.parse("/kind", &self.kind, |name| name.parse::<ReportKind>());
        let format = fields.parse("/format", &self.format, |name| name.parse::<ReportFormat>());
        let from = fields.parse("/from", &self.from, |text| Timestamp::parse(text));
        let to = fields.parse("/to", &self.to, |text| Timestamp::parse(text));
        let period = fields.parse("/to", (from?, to?), |(from, to)| Period::new(from, to));
        Some(ReportOrder { kind: kind?, format: format?, period: period? })
    }
}

problems!(GenerateReportProblems: Forbidden);

/// Generate a report
///
/// It is made in the background: look at `statusUrl` until it is `complete`, then download the file, or wait for the
/// event `report.completed`. Customers get a report of what is theirs, staff one of everything. Amounts are whole minor
/// units beside their currency. In CSV a text that a spreadsheet would take for a formula gets an apostrophe in front.
#[utoipa::path(
    post, path = "/v1/reports/generate", tag = "reports", security(("bearer" = ["reports:write"])),
    request_body = GenerateReportRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters.")),
    responses((status = 202, description = "It will be made; `Location` is where to look.", body = JobAcceptedBody), GenerateReportProblems),
)]
pub async fn generate_report(
    State(state): State<ApiState>,
    caller: Caller<may::WriteReports>,
    call: MaybeKeyedCall,
    body: ValidJson<GenerateReportRequest>,
) -> Result<Answer, Problem> {
    let (principal, order) = (&caller.principal, body.command);
    let reach = principal.reach();
    if order.kind == ReportKind::Reconciliation && reach != Reach::Everyone {
        return Err(Problem::new(ProblemCode::Forbidden).detail("This report is for staff."));
    }
    let keyed = call.request(principal, &body.canonical);
    let command = RequestReport { order, owner: principal.user_id, about: reach.customer() };
    Ok(request(&state.services, keyed.as_ref(), &call.cause, command).await?)
}
