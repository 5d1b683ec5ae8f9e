//! How payments and refunds look on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::openapi::metadata;
use crate::api::timestamp::Timestamp;
use crate::domain::ids::Id;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;

/// Money asked of a customer, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
pub struct PaymentBody {
    pub id: Uuid,
    /// Absent for a stand-alone charge.
    pub order_id: Option<Uuid>,
    pub customer_id: Uuid,
    /// `processing`, `requires_capture`, `succeeded`, `failed` or `canceled`.
    #[schema(max_length = 24)]
    pub status: &'static str,
    /// In the currency's minor unit, as the other amounts.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    pub amount: i64,
    #[schema(minimum = 0, maximum = 99_999_999_999_i64)]
    pub amount_captured: i64,
    #[schema(minimum = 0, maximum = 99_999_999_999_i64)]
    pub amount_refunded: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    pub currency: &'static str,
    #[schema(max_length = 64)]
    pub payment_method: String,
    /// `automatic` or `manual`.
    #[schema(max_length = 16)]
    pub capture_method: &'static str,
    /// Why no money was taken, where the status is `failed`.
    pub failure: Option<PaymentFailureBody>,
    #[schema(schema_with = metadata)]
    pub metadata: BTreeMap<String, String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Why no money was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentFailure)]
pub struct PaymentFailureBody {
    #[schema(max_length = 64)]
    pub code: String,
    #[schema(max_length = 500)]
    pub message: String,
}

/// Money that goes back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refund)]
pub struct RefundBody {
    pub id: Uuid,
    pub payment_id: Uuid,
    /// `processing`, `succeeded` or `failed`.
    #[schema(max_length = 16)]
    pub status: &'static str,
    /// In the currency's minor unit.
    #[schema(minimum = 1, maximum = 99_999_999_999_i64)]
    pub amount: i64,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: &'static str,
    #[schema(max_length = 500)]
    pub reason: Option<String>,
    pub created_at: Timestamp,
}

impl From<Payment> for PaymentBody {
    fn from(payment: Payment) -> Self {
        Self {
            id: payment.id.as_uuid(),
            order_id: payment.order_id.map(Id::as_uuid),
            customer_id: payment.customer_id.as_uuid(),
            status: payment.status.as_str(),
            amount: payment.amount.get(),
            amount_captured: payment.amount_captured,
            amount_refunded: payment.amount_refunded,
            currency: payment.currency.code(),
            payment_method: payment.payment_method.as_str().to_owned(),
            capture_method: payment.capture_method.as_str(),
            failure: payment
                .failure
                .map(|failure| PaymentFailureBody { code: failure.code, message: failure.message }),
            metadata: payment.metadata.as_map().clone(),
            created_at: payment.created_at.into(),
            updated_at: payment.updated_at.into(),
        }
    }
}

impl From<Refund> for RefundBody {
    fn from(refund: Refund) -> Self {
        Self {
            id: refund.id.as_uuid(),
            payment_id: refund.payment_id.as_uuid(),
            status: refund.status.as_str(),
            amount: refund.amount.get(),
            currency: refund.currency.code(),
            reason: refund.reason.map(|reason| reason.as_str().to_owned()),
            created_at: refund.created_at.into(),
        }
    }
}
