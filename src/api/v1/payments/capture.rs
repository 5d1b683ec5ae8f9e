//! `POST /v1/payments/{id}/capture`: takes money that was set aside.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::PaymentBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, KeyedCall, Parse, PathId, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::PaymentId;
use crate::domain::money::Amount;
use crate::service::payments::{CapturePayment, Progress, capture};

/// How much is taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CapturePaymentRequest {
    /// In the currency's minor unit. Default: all that was set aside.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    amount: Option<i64>,
}

impl Parse for CapturePaymentRequest {
    type Command = Option<Amount>;

    fn parse(self, fields: &mut Fields) -> Option<Option<Amount>> {
        fields.optional("/amount", self.amount, Amount::new)
    }
}

problems!(CapturePaymentProblems: PaymentNotCapturable, PaymentGatewayUnavailable);

/// Capture a payment
///
/// Takes money that was set aside, once; what is not taken is released. An empty body takes all.
#[utoipa::path(
    post, path = "/v1/payments/{id}/capture", tag = "payments", security(("bearer" = ["payments:write"])),
    request_body(content = Option<CapturePaymentRequest>, example = json!({ "amount": 2500 })),
    params(
        ("id" = uuid::Uuid, Path, description = "The payment's id."),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters."),
    ),
    responses(
        (status = 200, description = "The payment, `succeeded`.", body = PaymentBody),
        (status = 202, description = "The payment as it is: the gateway's answer isn't known yet; `Location` names it.", body = PaymentBody),
        CapturePaymentProblems,
    ),
)]
pub async fn capture_payment(
    State(state): State<ApiState>,
    caller: Caller<may::WritePayments>,
    PathId(id): PathId<PaymentId>,
    call: KeyedCall,
    request: Option<ValidJson<CapturePaymentRequest>>,
) -> Result<Progress, Problem> {
    let (amount, canonical) = ValidJson::or_empty(request);
    let request = call.request(&caller.principal, &canonical);
    let command = CapturePayment { id, reach: caller.principal.reach(), amount: amount.flatten() };
    Ok(capture(&state.payments, (&caller.author, &call.cause), Some(&request), command).await?)
}
