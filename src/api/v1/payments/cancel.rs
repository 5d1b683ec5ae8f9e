//! `POST /v1/payments/{id}/cancel`: releases money that was set aside.

use axum::extract::State;

use super::body::PaymentBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest, KeyedCall, PathId};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::PaymentId;
use crate::service::payments::{CancelPayment, Progress, cancel};

problems!(CancelPaymentProblems: PaymentNotCancellable, PaymentGatewayUnavailable);

/// Cancel a payment
///
/// Releases money that was set aside and not captured yet.
#[utoipa::path(
    post, path = "/v1/payments/{id}/cancel", tag = "payments", security(("bearer" = ["payments:write"])),
    request_body = EmptyRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The payment's id."),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters."),
    ),
    responses(
        (status = 200, description = "The payment, `canceled`.", body = PaymentBody),
        (status = 202, description = "The payment as it is: the gateway's answer isn't known yet; `Location` names it.", body = PaymentBody),
        CancelPaymentProblems,
    ),
)]
pub async fn cancel_payment(
    State(state): State<ApiState>,
    caller: Caller<may::WritePayments>,
    PathId(id): PathId<PaymentId>,
    call: KeyedCall,
    _: EmptyBody,
) -> Result<Progress, Problem> {
    let request = call.request(&caller.principal, EmptyBody::CANONICAL);
    let command = CancelPayment { id, reach: caller.principal.reach() };
    Ok(cancel(&state.payments, (&caller.author, &call.cause), Some(&request), command).await?)
}
