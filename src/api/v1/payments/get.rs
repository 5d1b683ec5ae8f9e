//! `GET /v1/payments/{id}`: one payment.

use axum::Json;
use axum::extract::State;

use super::body::PaymentBody;
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::ids::PaymentId;
use crate::service::payments::find;

/// Read a payment
///
/// Another customer's payment is as if it were not there.
#[utoipa::path(
    get, path = "/v1/payments/{id}", tag = "payments", security(("bearer" = ["payments:read"])),
    params(("id" = uuid::Uuid, Path, description = "The payment's id.")),
    responses((status = 200, description = "The payment.", body = PaymentBody)),
)]
pub async fn get_payment(
    State(state): State<ApiState>,
    caller: Caller<may::ReadPayments>,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<PaymentBody>, Problem> {
    let found = find(&state.payments, id, caller.principal.reach()).await?;
    let payment = found.ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    Ok(Json(payment.into()))
}
