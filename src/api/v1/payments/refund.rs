//! `POST /v1/payments/{id}/refunds`: gives captured money back.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::RefundBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, KeyedCall, Parse, PathId, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::PaymentId;
use crate::domain::money::Amount;
use crate::domain::refund::RefundReason;
use crate::service::payments::{Progress, RefundPayment, refund};

/// How much goes back, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RefundPaymentRequest {
    /// In the currency's minor unit. Default: all that is left.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    amount: Option<i64>,
    /// In the shop's words.
    #[schema(min_length = 1, max_length = 500, format = "words")]
    reason: Option<String>,
}

/// A request whose values are right.
#[derive(Debug, Default)]
pub struct Wanted {
    amount: Option<Amount>,
    reason: Option<RefundReason>,
}

impl Parse for RefundPaymentRequest {
    type Command = Wanted;

    fn parse(self, fields: &mut Fields) -> Option<Wanted> {
        let amount = fields.optional("/amount", self.amount, Amount::new);
        let reason =
            fields.optional("/reason", self.reason, |text: String| RefundReason::parse(&text));
        Some(Wanted { amount: amount?, reason: reason? })
    }
}

problems!(RefundPaymentProblems: PaymentNotRefundable, RefundExceedsPayment, PaymentGatewayUnavailable);

/// Refund a payment
///
/// Gives captured money back, in parts or whole, until all is refunded. An empty body gives back all that is left; a
/// refund never returns stock.
#[utoipa::path(
    post, path = "/v1/payments/{id}/refunds", tag = "payments", security(("bearer" = ["refunds:write"])),
    request_body(content = Option<RefundPaymentRequest>, example = json!({ "amount": 500, "reason": "One cup arrived broken." })),
    params(
        ("id" = uuid::Uuid, Path, description = "The payment's id."),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters."),
    ),
    responses(
        (status = 201, description = "The refund, `succeeded`, or `failed` where the gateway refused it; `Location` names it.", body = RefundBody),
        (status = 202, description = "The refund, `processing`: the gateway's answer isn't known yet; `Location` names it.", body = RefundBody),
        RefundPaymentProblems,
    ),
)]
pub async fn refund_payment(
    State(state): State<ApiState>,
    caller: Caller<may::WriteRefunds>,
    PathId(id): PathId<PaymentId>,
    call: KeyedCall,
    request: Option<ValidJson<RefundPaymentRequest>>,
) -> Result<Progress, Problem> {
    let (wanted, canonical) = ValidJson::or_empty(request);
    let Wanted { amount, reason } = wanted.unwrap_or_default();
    let request = call.request(&caller.principal, &canonical);
    let command = RefundPayment { id, reach: caller.principal.reach(), amount, reason };
    Ok(refund(&state.payments, (&caller.author, &call.cause), Some(&request), &command).await?)
}
