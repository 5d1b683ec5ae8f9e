//! `GET /v1/payments/{id}/refunds`: what went back of a payment, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::RefundBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, PathId, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::ids::PaymentId;
use crate::service::payments::list_refunds as list;

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListRefundsQuery {
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

impl Parse for ListRefundsQuery {
    type Command = AskedPage;

    fn parse(self, fields: &mut Fields) -> Option<AskedPage> {
        AskedPage::parse(fields, self.limit, self.cursor)
    }
}

/// List a payment's refunds
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/payments/{id}/refunds", tag = "payments", security(("bearer" = ["payments:read"])),
    params(("id" = uuid::Uuid, Path, description = "The payment's id."), ListRefundsQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<RefundBody>)),
)]
pub async fn list_refunds(
    State(state): State<ApiState>,
    caller: Caller<may::ReadPayments>,
    PathId(id): PathId<PaymentId>,
    uri: Uri,
    ValidQuery(page): ValidQuery<ListRefundsQuery>,
) -> Result<Listed<RefundBody>, Problem> {
    let scope = ListScope::of("refunds").with("paymentId", Some(&id.to_string()));
    let page = page.open(&state.cursors, &scope)?;
    let found = list(&state.payments, id, caller.principal.reach(), page).await?;
    let found = found.ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
