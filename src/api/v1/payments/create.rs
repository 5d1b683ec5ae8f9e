//! `POST /v1/payments`: charges a customer.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::PaymentBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, KeyedCall, Parse, ValidJson, parse_id};
use crate::api::openapi::{metadata, problems};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::access::Principal;
use crate::domain::ids::{OrderId, UserId};
use crate::domain::metadata::Metadata;
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::payment::{CaptureMethod, CreatePayment};
use crate::domain::user::PaymentMethod;
use crate::service::payments::{Progress, charge};

/// How much is asked of whom, and what for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({
    "amount": 4900, "currency": "MYR", "paymentMethod": "pm_ok",
    "metadata": { "invoice": "2026-0042" }
}))]
pub struct CreatePaymentRequest {
    /// In the currency's minor unit.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    amount: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    currency: String,
    /// The order to be paid, in whole or in part. Without one it is a stand-alone charge.
    #[schema(max_length = 36, format = Uuid)]
    order_id: Option<String>,
    /// Who pays; only for callers who may act for others. Default: the caller.
    #[schema(max_length = 36, format = Uuid)]
    customer_id: Option<String>,
    /// Default: the customer's own.
    #[schema(max_length = 63, pattern = "^pm_[a-z0-9_]{1,60}$")]
    payment_method: Option<String>,
    /// `automatic` (default) takes the money at once, `manual` sets it aside for a capture within seven days.
    #[schema(max_length = 16, pattern = "^(automatic|manual)$")]
    capture_method: Option<String>,
    /// At most 20 members.
    #[serde(default)]
    #[schema(schema_with = metadata)]
    metadata: BTreeMap<String, String>,
}

/// A request whose values are right; who pays depends on the caller.
#[derive(Debug)]
pub struct Wanted {
    money: Money,
    order_id: Option<OrderId>,
    customer_id: Option<UserId>,
    payment_method: Option<PaymentMethod>,
    capture_method: Option<CaptureMethod>,
    metadata: Metadata,
}

impl Parse for CreatePaymentRequest {
    type Command = Wanted;

    fn parse(self, fields: &mut Fields) -> Option<Wanted> {
        let amount = fields.parse("/amount", self.amount, Amount::new);
        let currency = fields.parse("/currency", &self.currency, |code| Currency::parse(code));
        let order = fields.optional("/orderId", self.order_id, |id: String| parse_id(&id));
        let customer = fields.optional("/customerId", self.customer_id, |id: String| parse_id(&id));
        let method = fields.optional("/paymentMethod", self.payment_method, |name: String| {
            PaymentMethod::parse(&name)
        });
        let capture =
            fields.optional("/captureMethod", self.capture_method, |name: String| name.parse());
        let metadata = fields.parse("/metadata", self.metadata, Metadata::parse);
        Some(Wanted {
            money: Money { amount: amount?, currency: currency? },
            order_id: order?,
            customer_id: customer?,
            payment_method: method?,
            capture_method: capture?,
            metadata: metadata?,
        })
    }
}

impl Wanted {
    /// What this caller may ask for.
    fn command_of(self, caller: &Principal) -> Result<CreatePayment, Problem> {
        let customer_id = self.customer_id.unwrap_or(caller.user_id);
        if !caller.may_act_for(customer_id) {
            return Err(Problem::new(ProblemCode::Forbidden)
                .detail("This caller charges no other customers."));
        }
        Ok(CreatePayment {
            money: self.money,
            order_id: self.order_id,
            customer_id,
            payment_method: self.payment_method,
            capture_method: self.capture_method.unwrap_or(CaptureMethod::Automatic),
            metadata: self.metadata,
        })
    }
}

problems!(
    CreatePaymentProblems: CardDeclined, InsufficientFunds, ExpiredCard, OrderNotPayable, CurrencyMismatch,
    AmountExceedsOutstanding, Forbidden, PaymentGatewayUnavailable,
);

/// Create a payment
///
/// Charges once, however often it is sent with its key: while the answer is 202, repeat it to learn the result.
#[utoipa::path(
    post, path = "/v1/payments", tag = "payments", security(("bearer" = ["payments:write"])),
    request_body = CreatePaymentRequest,
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters.")),
    responses(
        (status = 201, description = "The payment, `succeeded` or `requires_capture`; `Location` names it.", body = PaymentBody),
        (status = 202, description = "The payment, `processing`: the gateway's answer isn't known yet; `Location` names it.", body = PaymentBody),
        CreatePaymentProblems,
    ),
)]
pub async fn create_payment(
    State(state): State<ApiState>,
    caller: Caller<may::WritePayments>,
    call: KeyedCall,
    request: ValidJson<CreatePaymentRequest>,
) -> Result<Progress, Problem> {
    let asked = call.request(&caller.principal, &request.canonical);
    let command = request.command.command_of(&caller.principal)?;
    Ok(charge(&state.payments, (&caller.author, &call.cause), Some(&asked), &command).await?)
}
