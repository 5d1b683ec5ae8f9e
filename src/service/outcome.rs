//! What a keyed operation came to, as it is stored: not HTTP, but the result and a snapshot of the resource,
//! so that any release can render it and the worker can settle a key without a request at hand.

use serde::{Deserialize, Serialize};

use crate::domain::order::{Order, OrderStatus, PlaceOrderRefusal};
use crate::domain::payment::{
    CaptureRefusal, CreatePaymentRefusal, Payment, PaymentStatus, RefundRefusal,
};
use crate::domain::product::Product;
use crate::domain::refund::Refund;

/// The stored form. A change that older rows can't be read as gets a new version beside this one; the rows
/// live for a day, so an old version may go two releases later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum StoredOutcome {
    #[serde(rename = "1")]
    V1 { outcome: Outcome },
}

/// The final result of an operation that began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    OrderPlaced(Box<Order>),
    OrderCancelled(Box<Order>),
    OrderFulfilled(Box<Order>),
    /// A charge that came to its end: succeeded, requires_capture or failed (402).
    PaymentCreated(Box<Payment>),
    PaymentCaptured(Box<Payment>),
    PaymentCanceled(Box<Payment>),
    RefundCreated(Box<Refund>),
    ProductCreated(Box<Product>),
    StockAdjusted {
        product_id: crate::domain::ids::ProductId,
        available: i64,
    },
    /// The report will be made; the job is where to look.
    ReportRequested {
        job_id: crate::domain::ids::JobId,
    },
    ImportRequested {
        job_id: crate::domain::ids::JobId,
    },
    Refused(Refusal),
}

/// A refusal decided on stored state: repeating the request can't change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    PlaceOrder(PlaceOrderRefusal),
    OrderNotCancellable {
        status: OrderStatus,
    },
    OrderNotFulfillable {
        status: OrderStatus,
    },
    CreatePayment(CreatePaymentRefusal),
    Capture(CaptureRefusal),
    PaymentNotCancellable {
        status: PaymentStatus,
    },
    Refund(RefundRefusal),
    SkuTaken,
    /// A stock adjustment would take more than there is.
    InsufficientStock {
        available: i64,
    },
}
