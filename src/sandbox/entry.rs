//! What one line of the record says; each carries the whole new state, so that reading back needs no rules.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    charge::{Charge, Refund},
    ids::{ChargeId, EventId, Key, RefundId},
    terms::Amount,
};

/// One line of the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Entry {
    /// A charge came to be or changed.
    Changed(Box<Change>),
    /// A charge of the past was loaded; nobody is told.
    Imported(Box<History>),
    /// Nobody has to be told of this event any more.
    CallbackEnded {
        /// Which.
        event_id: EventId,
        /// Delivered or not.
        outcome: CallbackOutcome,
        /// When.
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
}

impl Entry {
    /// The entry as compact JSON.
    ///
    /// # Errors
    /// A time that RFC 3339 cannot write.
    pub fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

/// A charge's new state and what led to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The charge as it is from now on.
    pub charge: Charge,
    /// The client's call, if it was one; a settlement is not.
    pub operation: Option<Operation>,
    /// The refund this change made.
    pub refund: Option<Refund>,
    /// What is to be told.
    pub event: Option<EventStamp>,
}

/// A charge of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Its last state.
    pub charge: Charge,
    /// All that was given back.
    pub refunds: Vec<Refund>,
}

/// What a client's key did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The client's key.
    pub key: Key,
    /// Which call.
    pub kind: OperationKind,
    /// On which charge.
    pub charge_id: ChargeId,
    /// How much, where the call says so, in minor units.
    pub amount: Option<Amount>,
    /// The refund it made.
    pub refund_id: Option<RefundId>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// The calls that take a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperationKind {
    /// `POST /v1/charges`
    Charge,
    /// `POST …/capture`
    Capture,
    /// `POST …/cancel`
    Cancel,
    /// `POST …/refunds`
    Refund,
}

/// Identity and kind of a call-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventStamp {
    /// The same over all deliveries.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
}

/// What a call-back tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// Money was taken.
    #[serde(rename = "charge.captured")]
    ChargeCaptured,
    /// Money was set aside.
    #[serde(rename = "charge.authorized")]
    ChargeAuthorized,
    /// The charge was refused.
    #[serde(rename = "charge.declined")]
    ChargeDeclined,
    /// What was set aside is released.
    #[serde(rename = "charge.canceled")]
    ChargeCanceled,
    /// Money went back.
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded,
}

/// How a call-back ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallbackOutcome {
    /// The receiver took it.
    Delivered,
    /// It never did within the tries it had.
    GivenUp,
}

impl Operation {
    /// The call that made this charge.
    #[must_use]
    pub fn making(charge: &Charge) -> Self {
        Self {
            key: charge.key.clone(),
            kind: OperationKind::Charge,
            charge_id: charge.id,
            amount: Some(charge.terms.amount),
            refund_id: None,
            created_at: charge.created_at,
        }
    }

    /// The call that made this refund.
    #[must_use]
    pub fn refunding(refund: &Refund) -> Self {
        Self {
            key: refund.key.clone(),
            kind: OperationKind::Refund,
            charge_id: refund.charge_id,
            amount: Some(refund.amount),
            refund_id: Some(refund.id),
            created_at: refund.created_at,
        }
    }
}
