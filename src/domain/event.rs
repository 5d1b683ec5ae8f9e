//! What happened, in the past tense: written to the outbox by the transaction that made it true.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::ids::{EventId, JobId, OrderId, PaymentId, RefundId, UserId, WebhookEndpointId};
use super::money::{Amount, Currency};
use super::report::{ReportFormat, ReportKind};
use super::webhook::DisabledReason;

/// A fact that others may act on. Its topic names it on the broker and in webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    #[serde(rename = "user.created", rename_all = "camelCase")]
    UserCreated { user_id: UserId },
    #[serde(rename = "order.created", rename_all = "camelCase")]
    OrderCreated { order_id: OrderId, customer_id: UserId, amount: Amount, currency: Currency },
    #[serde(rename = "order.paid", rename_all = "camelCase")]
    OrderPaid { order_id: OrderId, customer_id: UserId },
    #[serde(rename = "order.cancelled", rename_all = "camelCase")]
    OrderCancelled { order_id: OrderId, customer_id: UserId },
    #[serde(rename = "order.expired", rename_all = "camelCase")]
    OrderExpired { order_id: OrderId, customer_id: UserId },
    #[serde(rename = "order.fulfilled", rename_all = "camelCase")]
    OrderFulfilled { order_id: OrderId, customer_id: UserId },
    #[serde(rename = "order.refunded", rename_all = "camelCase")]
    OrderRefunded { order_id: OrderId, customer_id: UserId },
    #[serde(rename = "payment.succeeded", rename_all = "camelCase")]
    PaymentSucceeded {
        payment_id: PaymentId,
        order_id: Option<OrderId>,
        customer_id: UserId,
        amount: Amount,
        currency: Currency,
    },
    #[serde(rename = "payment.authorized", rename_all = "camelCase")]
    PaymentAuthorized {
        payment_id: PaymentId,
        order_id: Option<OrderId>,
        customer_id: UserId,
        amount: Amount,
        currency: Currency,
    },
    #[serde(rename = "payment.failed", rename_all = "camelCase")]
    PaymentFailed {
        payment_id: PaymentId,
        order_id: Option<OrderId>,
        customer_id: UserId,
        code: String,
    },
    #[serde(rename = "payment.canceled", rename_all = "camelCase")]
    PaymentCanceled { payment_id: PaymentId, order_id: Option<OrderId>, customer_id: UserId },
    /// For a human: the gateway has not said for an hour what became of a charge, a capture, a cancellation or a refund.
    #[serde(rename = "payment.unsettled", rename_all = "camelCase")]
    PaymentUnsettled {
        payment_id: PaymentId,
        refund_id: Option<RefundId>,
        customer_id: UserId,
        /// What the gateway was asked for.
        operation: String,
        #[serde(with = "time::serde::rfc3339")]
        since: OffsetDateTime,
    },
    #[serde(rename = "refund.succeeded", rename_all = "camelCase")]
    RefundSucceeded {
        refund_id: RefundId,
        payment_id: PaymentId,
        amount: Amount,
        currency: Currency,
    },
    #[serde(rename = "refund.failed", rename_all = "camelCase")]
    RefundFailed { refund_id: RefundId, payment_id: PaymentId },
    /// A report can be downloaded by whoever asked for it.
    #[serde(rename = "report.completed", rename_all = "camelCase")]
    ReportCompleted {
        job_id: JobId,
        customer_id: UserId,
        kind: ReportKind,
        format: ReportFormat,
        rows: u64,
    },
    /// Nothing is sent to this endpoint any more, and not because its owner wished so.
    #[serde(rename = "webhook_endpoint.disabled", rename_all = "camelCase")]
    WebhookEndpointDisabled {
        endpoint_id: WebhookEndpointId,
        customer_id: UserId,
        reason: DisabledReason,
        #[serde(with = "time::serde::rfc3339")]
        since: OffsetDateTime,
    },
}

impl Event {
    /// The topic of every event there is.
    pub const TOPICS: [&'static str; 16] = [
        "user.created",
        "order.created",
        "order.paid",
        "order.cancelled",
        "order.expired",
        "order.fulfilled",
        "order.refunded",
        "payment.succeeded",
        "payment.authorized",
        "payment.failed",
        "payment.canceled",
        "payment.unsettled",
        "refund.succeeded",
        "refund.failed",
        "report.completed",
        "webhook_endpoint.disabled",
    ];

    /// Whom it concerns, and who may therefore hear of it beside the staff.
    pub fn concerns(&self) -> Concerned {
        match *self {
            Self::UserCreated { user_id } => Concerned::User(user_id),
            Self::OrderCreated { customer_id, .. }
            | Self::OrderPaid { customer_id, .. }
            | Self::OrderCancelled { customer_id, .. }
            | Self::OrderExpired { customer_id, .. }
            | Self::OrderFulfilled { customer_id, .. }
            | Self::OrderRefunded { customer_id, .. }
            | Self::PaymentSucceeded { customer_id, .. }
            | Self::PaymentAuthorized { customer_id, .. }
            | Self::PaymentFailed { customer_id, .. }
            | Self::PaymentCanceled { customer_id, .. }
            | Self::PaymentUnsettled { customer_id, .. }
            | Self::ReportCompleted { customer_id, .. }
            | Self::WebhookEndpointDisabled { customer_id, .. } => Concerned::User(customer_id),
            Self::RefundSucceeded { payment_id, .. } | Self::RefundFailed { payment_id, .. } => {
                Concerned::PayerOf(payment_id)
            }
        }
    }

    /// The routing key: `order.created` …
    pub fn topic(&self) -> &'static str {
        match self {
            Self::UserCreated { .. } => "user.created",
            Self::OrderCreated { .. } => "order.created",
            Self::OrderPaid { .. } => "order.paid",
            Self::OrderCancelled { .. } => "order.cancelled",
            Self::OrderExpired { .. } => "order.expired",
            Self::OrderFulfilled { .. } => "order.fulfilled",
            Self::OrderRefunded { .. } => "order.refunded",
            Self::PaymentSucceeded { .. } => "payment.succeeded",
            Self::PaymentAuthorized { .. } => "payment.authorized",
            Self::PaymentFailed { .. } => "payment.failed",
            Self::PaymentCanceled { .. } => "payment.canceled",
            Self::PaymentUnsettled { .. } => "payment.unsettled",
            Self::RefundSucceeded { .. } => "refund.succeeded",
            Self::RefundFailed { .. } => "refund.failed",
            Self::ReportCompleted { .. } => "report.completed",
            Self::WebhookEndpointDisabled { .. } => "webhook_endpoint.disabled",
        }
    }
}

/// Somebody whom an event concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concerned {
    User(UserId),
    /// Whoever made this payment.
    PayerOf(PaymentId),
}

/// An event as it is remembered: what was true then stays as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEvent {
    pub id: EventId,
    pub topic: String,
    pub customer_id: UserId,
    pub data: Value,
    /// W3C `traceparent` of the request that caused it, where it was traced.
    pub trace_parent: Option<String>,
    pub created_at: OffsetDateTime,
}
