//! Payments: what one is made of, and the only ways its state may change.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Violation;
use super::ids::{OrderId, PaymentId, RefundId, UserId};
use super::metadata::Metadata;
use super::money::{Amount, Currency, Money};
use super::user::PaymentMethod;

/// How long an authorisation may wait for its capture before the worker cancels it.
pub const AUTHORIZATION_LIVES: Duration = Duration::days(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Asked of the gateway; its answer isn't known yet.
    Processing,
    /// Authorised: the money is held, not taken.
    RequiresCapture,
    /// Captured, in whole or in part.
    Succeeded,
    Failed,
    Canceled,
}

impl PaymentStatus {
    pub const ALL: [Self; 5] =
        [Self::Processing, Self::RequiresCapture, Self::Succeeded, Self::Failed, Self::Canceled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

impl FromStr for PaymentStatus {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Violation::new(
                "invalid_value",
                "must be processing, requires_capture, succeeded, failed or canceled",
            )
        })
    }
}

/// When the money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMethod {
    /// With the charge.
    Automatic,
    /// By a capture of its own, within [`AUTHORIZATION_LIVES`].
    Manual,
}

impl CaptureMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }
}

impl FromStr for CaptureMethod {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        match text {
            "automatic" => Ok(Self::Automatic),
            "manual" => Ok(Self::Manual),
            _ => Err(Violation::new("invalid_value", "must be automatic or manual")),
        }
    }
}

/// What is asked of the gateway for a payment, each under a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayOperation {
    Charge,
    Capture,
    Cancel,
    Refund(RefundId),
}

impl GatewayOperation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::Refund(_) => "refund",
        }
    }

    pub fn refund_id(self) -> Option<RefundId> {
        match self {
            Self::Refund(id) => Some(id),
            Self::Charge | Self::Capture | Self::Cancel => None,
        }
    }

    /// # Errors
    /// `invalid_value` for an unknown kind, or one whose refund is missing or too much.
    pub fn parse(kind: &str, refund: Option<RefundId>) -> Result<Self, Violation> {
        match (kind, refund) {
            ("charge", None) => Ok(Self::Charge),
            ("capture", None) => Ok(Self::Capture),
            ("cancel", None) => Ok(Self::Cancel),
            ("refund", Some(id)) => Ok(Self::Refund(id)),
            _ => Err(Violation::new("invalid_value", "must be charge, capture, cancel or refund")),
        }
    }
}

/// Why the gateway took no money: the code a client may act on, and words for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailure {
    /// `card_declined`, `insufficient_funds`, `expired_card`, `invalid_payment_method`, `gateway_error` …
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub id: PaymentId,
    pub order_id: Option<OrderId>,
    pub customer_id: UserId,
    pub status: PaymentStatus,
    pub amount: Amount,
    /// Minor units, 0 to `amount`.
    pub amount_captured: i64,
    /// Minor units, 0 to `amount_captured`.
    pub amount_refunded: i64,
    pub currency: Currency,
    pub payment_method: PaymentMethod,
    pub capture_method: CaptureMethod,
    pub failure: Option<PaymentFailure>,
    pub metadata: Metadata,
    /// What the gateway calls it, once it answered.
    pub gateway_charge_id: Option<String>,
    /// Whether its money counts for its order; not where it came when the order no longer took any.
    pub applied: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    pub authorized_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl Payment {
    pub fn money(&self) -> Money {
        Money { amount: self.amount, currency: self.currency }
    }

    /// What a capture takes when it names `wanted` (default: all).
    ///
    /// # Errors
    /// [`CaptureRefusal`].
    pub fn capture(&self, wanted: Option<Amount>) -> Result<Amount, CaptureRefusal> {
        if self.status != PaymentStatus::RequiresCapture {
            return Err(CaptureRefusal::NotCapturable { status: self.status });
        }
        let amount = wanted.unwrap_or(self.amount);
        if amount > self.amount {
            return Err(CaptureRefusal::MoreThanAuthorized { authorized: self.amount });
        }
        Ok(amount)
    }

    /// # Errors
    /// The present state, where nothing is left to cancel.
    pub fn cancel(&self) -> Result<PaymentStatus, PaymentStatus> {
        match self.status {
            PaymentStatus::RequiresCapture => Ok(PaymentStatus::Canceled),
            other => Err(other),
        }
    }

    /// What a refund gives back when it names `wanted` (default: all that is left), with
    /// `in_flight` minor units of other refunds under way.
    ///
    /// # Errors
    /// [`RefundRefusal`].
    pub fn refund(&self, wanted: Option<Amount>, in_flight: i64) -> Result<Amount, RefundRefusal> {
        if self.status != PaymentStatus::Succeeded {
            return Err(RefundRefusal::NotRefundable { status: self.status });
        }
        let left = self.amount_captured - self.amount_refunded - in_flight;
        let all = Amount::new(left)
            .map_err(|_nothing_left| RefundRefusal::ExceedsPayment { refundable: 0 })?;
        let amount = wanted.unwrap_or(all);
        if amount > all {
            return Err(RefundRefusal::ExceedsPayment { refundable: left });
        }
        Ok(amount)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureRefusal {
    NotCapturable { status: PaymentStatus },
    MoreThanAuthorized { authorized: Amount },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundRefusal {
    NotRefundable {
        status: PaymentStatus,
    },
    /// `refundable`: minor units left, 0 or more.
    ExceedsPayment {
        refundable: i64,
    },
}

/// A command: charge a customer.
#[derive(Debug, Clone)]
pub struct CreatePayment {
    pub money: Money,
    pub order_id: Option<OrderId>,
    pub customer_id: UserId,
    /// `None`: the customer's default.
    pub payment_method: Option<PaymentMethod>,
    pub capture_method: CaptureMethod,
    pub metadata: Metadata,
}

/// Why a charge was not begun, decided on the state of order and customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreatePaymentRefusal {
    /// No such order, or another customer's.
    UnknownOrder,
    UnknownCustomer,
    OrderNotPayable {
        status: super::order::OrderStatus,
    },
    CurrencyMismatch {
        order: Currency,
    },
    /// `outstanding`: minor units left to pay, 0 or more.
    AmountExceedsOutstanding {
        outstanding: i64,
    },
    NoPaymentMethod,
}
