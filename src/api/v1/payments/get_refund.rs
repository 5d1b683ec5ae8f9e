//! `GET /v1/payments/{id}/refunds/{refundId}`: one refund.

use axum::Json;
use axum::extract::State;

use super::body::RefundBody;
use crate::api::extract::PathIds;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::ids::{PaymentId, RefundId};
use crate::service::payments::find_refund;

/// Read a refund
///
/// A refund of another customer's payment is as if it were not there.
#[utoipa::path(
    get, path = "/v1/payments/{id}/refunds/{refundId}", tag = "payments", security(("bearer" = ["payments:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The payment's id."),
        ("refundId" = uuid::Uuid, Path, description = "The refund's id."),
    ),
    responses((status = 200, description = "The refund.", body = RefundBody)),
)]
pub async fn get_refund(
    State(state): State<ApiState>,
    caller: Caller<may::ReadPayments>,
    PathIds(payment, refund): PathIds<PaymentId, RefundId>,
) -> Result<Json<RefundBody>, Problem> {
    let found = find_refund(&state.payments, payment, refund, caller.principal.reach()).await?;
    Ok(Json(found.ok_or_else(|| Problem::new(ProblemCode::NotFound))?.into()))
}
