//! `GET /v1/orders`: the caller's orders, all of them for staff, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::OrderBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::timestamp::Timestamp;
use crate::domain::order::{OrderFilter, OrderStatus};
use crate::service::orders::list;

/// Which orders.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListOrdersQuery {
    /// `pending`, `paid`, `fulfilled`, `refunded`, `cancelled` or `expired`.
    #[param(max_length = 16, pattern = "^(pending|paid|fulfilled|refunded|cancelled|expired)$")]
    status: Option<String>,
    /// Created at this time (RFC 3339) or later.
    #[param(max_length = 40, format = DateTime)]
    created_after: Option<String>,
    /// Created earlier than this time (RFC 3339).
    #[param(max_length = 40, format = DateTime)]
    created_before: Option<String>,
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
    filter: OrderFilter,
    page: AskedPage,
}

impl Parse for ListOrdersQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        let status = fields.optional("/status", self.status, |name: String| name.parse());
        let after = fields
            .optional("/createdAfter", self.created_after, |text: String| Timestamp::parse(&text));
        let before = fields.optional("/createdBefore", self.created_before, |text: String| {
            Timestamp::parse(&text)
        });
        let page = AskedPage::parse(fields, self.limit, self.cursor);
        let filter =
            OrderFilter { status: status?, created_after: after?, created_before: before? };
        Some(Asked { filter, page: page? })
    }
}

/// List orders
///
/// Newest first. Staff see those of all customers.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", security(("bearer" = ["orders:read"])),
    params(ListOrdersQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<OrderBody>)),
)]
pub async fn list_orders(
    State(state): State<ApiState>,
    caller: Caller<may::ReadOrders>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListOrdersQuery>,
) -> Result<Listed<OrderBody>, Problem> {
    let Asked { filter, page } = asked;
    let reach = caller.principal.reach();
    let instant = |time: time::OffsetDateTime| time.unix_timestamp_nanos().to_string();
    let scope = ListScope::of("orders")
        .with("customer", reach.customer().map(|id| id.to_string()).as_deref())
        .with("status", filter.status.map(OrderStatus::as_str))
        .with("createdAfter", filter.created_after.map(instant).as_deref())
        .with("createdBefore", filter.created_before.map(instant).as_deref());
    let page = page.open(&state.cursors, &scope)?;
    let found = list(&state.services, reach, filter, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
