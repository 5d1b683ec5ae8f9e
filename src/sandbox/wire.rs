//! What clients see of a charge, a refund, an operation and an event; renders only.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    charge::{Charge, Refund, State},
    entry::{Change, EventKind, EventStamp, History, Operation, OperationKind},
    ids::{ChargeId, EventId, Key, RefundId},
    terms::Amount,
};

/// A charge as clients see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeView<'a> {
    id: ChargeId,
    key: &'a Key,
    status: &'static str,
    amount: i64,
    currency: &'static str,
    amount_captured: i64,
    amount_refunded: i64,
    payment_method: &'a str,
    failure: Option<FailureView>,
    metadata: &'a BTreeMap<String, String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

#[derive(Debug, Serialize)]
struct FailureView {
    code: super::charge::FailureCode,
    message: &'static str,
}

impl<'a> From<&'a Charge> for ChargeView<'a> {
    fn from(charge: &'a Charge) -> Self {
        let (amount_captured, amount_refunded) = match charge.state {
            State::Captured { captured, refunded } => (captured.minor_units(), refunded),
            State::Processing | State::Authorized | State::Declined { .. } | State::Canceled => {
                (0, 0)
            }
        };
        let failure = match charge.state {
            State::Declined { code } => Some(FailureView { code, message: code.message() }),
            State::Processing | State::Authorized | State::Captured { .. } | State::Canceled => {
                None
            }
        };
        Self {
            id: charge.id,
            key: &charge.key,
            status: status(charge.state),
            amount: charge.terms.amount.minor_units(),
            currency: charge.terms.currency.code(),
            amount_captured,
            amount_refunded,
            payment_method: &charge.terms.payment_method,
            failure,
            metadata: &charge.terms.metadata,
            created_at: charge.created_at,
            updated_at: charge.updated_at,
        }
    }
}

fn status(state: State) -> &'static str {
    match state {
        State::Processing => "processing",
        State::Authorized => "authorized",
        State::Captured { .. } => "captured",
        State::Declined { .. } => "declined",
        State::Canceled => "canceled",
    }
}

/// A refund as clients see it; one that is recorded has succeeded.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundView<'a> {
    id: RefundId,
    key: &'a Key,
    charge_id: ChargeId,
    amount: i64,
    currency: &'static str,
    status: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl<'a> RefundView<'a> {
    /// A refund of this charge.
    #[must_use]
    pub fn new(refund: &'a Refund, of: &Charge) -> Self {
        Self {
            id: refund.id,
            key: &refund.key,
            charge_id: refund.charge_id,
            amount: refund.amount.minor_units(),
            currency: of.terms.currency.code(),
            status: "succeeded",
            created_at: refund.created_at,
        }
    }
}

/// What a key did, as clients see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationView<'a> {
    key: &'a Key,
    kind: OperationKind,
    charge_id: ChargeId,
    amount: Option<Amount>,
    refund_id: Option<RefundId>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl<'a> From<&'a Operation> for OperationView<'a> {
    fn from(operation: &'a Operation) -> Self {
        Self {
            key: &operation.key,
            kind: operation.kind,
            charge_id: operation.charge_id,
            amount: operation.amount,
            refund_id: operation.refund_id,
            created_at: operation.created_at,
        }
    }
}

/// One line of the record as a witness shows it.
#[derive(Debug, Serialize)]
pub struct FiledView<'a> {
    seq: usize,
    #[serde(flatten)]
    charge: ChargeView<'a>,
    refunds: Vec<RefundView<'a>>,
}

impl<'a> FiledView<'a> {
    /// The charge at this place of the record, from 1.
    #[must_use]
    pub fn new(seq: usize, history: &'a History) -> Self {
        let refunds = history.refunds.iter();
        Self {
            seq,
            charge: ChargeView::from(&history.charge),
            refunds: refunds.map(|refund| RefundView::new(refund, &history.charge)).collect(),
        }
    }
}

/// The body of a call-back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventView<'a> {
    id: EventId,
    #[serde(rename = "type")]
    kind: EventKind,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    data: EventData<'a>,
}

#[derive(Debug, Serialize)]
struct EventData<'a> {
    charge: ChargeView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundView<'a>>,
}

impl<'a> EventView<'a> {
    /// The event of this change; the charge is shown as it was right after it.
    #[must_use]
    pub fn new(stamp: EventStamp, change: &'a Change) -> Self {
        let refund = change.refund.as_ref();
        Self {
            id: stamp.id,
            kind: stamp.kind,
            created_at: change.charge.updated_at,
            data: EventData {
                charge: ChargeView::from(&change.charge),
                refund: refund.map(|refund| RefundView::new(refund, &change.charge)),
            },
        }
    }
}
