//! `GET /v1/payments`: the caller's payments, all of them for staff, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::PaymentBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery, parse_id};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::payment::PaymentStatus;
use crate::service::payments::{PaymentFilter, list};

/// Which payments.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListPaymentsQuery {
    /// Only those of this order.
    #[param(max_length = 36, format = Uuid)]
    order_id: Option<String>,
    /// `processing`, `requires_capture`, `succeeded`, `failed` or `canceled`.
    #[param(
        max_length = 24,
        pattern = "^(processing|requires_capture|succeeded|failed|canceled)$"
    )]
    status: Option<String>,
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// A filter and the page of it.
#[derive(Debug)]
pub struct Asked {
    filter: PaymentFilter,
    page: AskedPage,
}

impl Parse for ListPaymentsQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        let order_id = fields.optional("/orderId", self.order_id, |id: String| parse_id(&id));
        let status = fields.optional("/status", self.status, |name: String| name.parse());
        let page = AskedPage::parse(fields, self.limit, self.cursor);
        Some(Asked { filter: PaymentFilter { order_id: order_id?, status: status? }, page: page? })
    }
}

/// List payments
///
/// Newest first. Staff see those of all customers.
#[utoipa::path(
    get, path = "/v1/payments", tag = "payments", security(("bearer" = ["payments:read"])),
    params(ListPaymentsQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<PaymentBody>)),
)]
pub async fn list_payments(
    State(state): State<ApiState>,
    caller: Caller<may::ReadPayments>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListPaymentsQuery>,
) -> Result<Listed<PaymentBody>, Problem> {
    let Asked { filter, page } = asked;
    let reach = caller.principal.reach();
    let scope = ListScope::of("payments")
        .with("customer", reach.customer().map(|id| id.to_string()).as_deref())
        .with("orderId", filter.order_id.map(|id| id.to_string()).as_deref())
        .with("status", filter.status.map(PaymentStatus::as_str));
    let page = page.open(&state.cursors, &scope)?;
    let found = list(&state.payments, reach, filter, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
