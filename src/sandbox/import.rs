//! Charges of the past that are loaded in bulk, checked as strictly as live ones; tells nobody and moves no money.

use std::collections::{BTreeMap, HashSet};

use iso_currency::Currency;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{
    book::Book,
    charge::{Charge, FailureCode, Refund, State},
    entry::{Entry, History},
    ids::{ChargeId, Key, RefundId},
    log::{Batch, LogError},
    terms::{Amount, CaptureMode, InvalidTerms, Terms},
};

/// Charges in one request at most.
pub const MAX_CHARGES: usize = 5_000;

/// One charge of the past as a client sends it. The client chooses the ids, so that its own record can name them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PastCharge {
    id: ChargeId,
    key: Key,
    status: PastStatus,
    amount: Amount,
    currency: Currency,
    #[serde(default)]
    amount_captured: i64,
    /// May be left out; if given it must be the sum of `refunds`.
    amount_refunded: Option<i64>,
    payment_method: String,
    failure: Option<PastFailure>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option")]
    updated_at: Option<OffsetDateTime>,
    #[serde(default)]
    refunds: Vec<PastRefund>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PastStatus {
    Authorized,
    Captured,
    Declined,
    Canceled,
}

#[derive(Debug, Deserialize)]
struct PastFailure {
    code: FailureCode,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PastRefund {
    id: RefundId,
    key: Key,
    amount: Amount,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// Charges of the past, each consistent in itself.
#[derive(Debug)]
pub struct Load(Vec<History>);

/// What became of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Charges that are new.
    pub imported: usize,
    /// Charges that were there already.
    pub skipped: usize,
}

/// Why a load is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Too many at once.
    #[error("at most {MAX_CHARGES} charges can be imported at once")]
    TooMany,
    /// A charge that could not have come about.
    #[error("charge {id}: {fault}")]
    Impossible {
        /// Which.
        id: ChargeId,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A charge that could not have been asked for.
    #[error("charge {id}: {source}")]
    Terms {
        /// Which.
        id: ChargeId,
        /// What is wrong with it.
        source: InvalidTerms,
    },
    /// An id or key that stands for something else.
    #[error("charge {0}: its id or one of its keys is taken by another charge or call")]
    Taken(ChargeId),
    /// The log.
    #[error(transparent)]
    Record(#[from] LogError),
    /// It cannot be written as a line.
    #[error("a charge cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

impl Load {
    /// Checks each charge by itself.
    ///
    /// # Errors
    /// [`ImportError::TooMany`], [`ImportError::Impossible`], [`ImportError::Terms`]
    pub fn checked(charges: Vec<PastCharge>) -> Result<Self, ImportError> {
        if charges.len() > MAX_CHARGES {
            return Err(ImportError::TooMany);
        }
        charges.into_iter().map(PastCharge::checked).collect::<Result<_, _>>().map(Self)
    }
}

impl PastCharge {
    fn checked(self) -> Result<History, ImportError> {
        let id = self.id;
        let state = self.state().map_err(|fault| ImportError::Impossible { id, fault })?;
        let terms = Terms {
            amount: self.amount,
            currency: self.currency,
            payment_method: self.payment_method,
            capture: match state {
                State::Authorized | State::Canceled => CaptureMode::Later,
                State::Processing | State::Captured { .. } | State::Declined { .. } => {
                    CaptureMode::AtOnce
                }
            },
            callback_url: None,
            metadata: self.metadata,
        };
        let terms = terms.checked().map_err(|source| ImportError::Terms { id, source })?;
        let refunds = self.refunds.into_iter();
        Ok(History {
            charge: Charge {
                id,
                key: self.key,
                terms,
                state,
                created_at: self.created_at,
                updated_at: self.updated_at.unwrap_or(self.created_at),
            },
            refunds: refunds.map(|refund| refund.of(id)).collect(),
        })
    }

    fn state(&self) -> Result<State, &'static str> {
        let refunded = self
            .refunds
            .iter()
            .try_fold(0_i64, |sum, refund| sum.checked_add(refund.amount.minor_units()))
            .ok_or("the refunds are too large")?;
        if self.amount_refunded.is_some_and(|given| given != refunded) {
            return Err("amountRefunded is not the sum of its refunds");
        }
        if self.failure.is_some() != (self.status == PastStatus::Declined) {
            return Err("a declined charge, and no other, has a failure");
        }
        if self.status != PastStatus::Captured && (self.amount_captured != 0 || refunded != 0) {
            return Err("only a captured charge has amounts captured and refunded");
        }
        match (self.status, &self.failure) {
            (PastStatus::Captured, _) => self.captured(refunded),
            (_, Some(failure)) => Ok(State::Declined { code: failure.code }),
            (PastStatus::Authorized, _) => Ok(State::Authorized),
            (PastStatus::Canceled | PastStatus::Declined, _) => Ok(State::Canceled),
        }
    }

    fn captured(&self, refunded: i64) -> Result<State, &'static str> {
        let captured = Amount::try_from(self.amount_captured)
            .ok()
            .filter(|captured| *captured <= self.amount)
            .ok_or("amountCaptured must be between 1 and the amount")?;
        if refunded > captured.minor_units() {
            return Err("more is refunded than was captured");
        }
        Ok(State::Captured { captured, refunded })
    }
}

impl PastRefund {
    fn of(self, charge_id: ChargeId) -> Refund {
        let Self { id, key, amount, created_at } = self;
        Refund { id, key, charge_id, amount, created_at }
    }
}

/// The charges that are not on record yet, if none collides with what is.
///
/// # Errors
/// [`ImportError::Taken`]
pub fn select(book: &Book, load: Load) -> Result<(Vec<History>, Imported), ImportError> {
    let total = load.0.len();
    let mut fresh = Vec::with_capacity(total);
    let mut ids = HashSet::new();
    let mut keys = HashSet::new();
    for history in load.0 {
        let id = history.charge.id;
        if book.history(id).is_some_and(|known| known.charge.key == history.charge.key) {
            continue;
        }
        let taken = ImportError::Taken(id);
        if book.history(id).is_some() || !ids.insert(id) {
            return Err(taken);
        }
        let refund_keys = history.refunds.iter().map(|refund| &refund.key);
        for key in refund_keys.chain([&history.charge.key]) {
            if book.operation(key).is_some() || !keys.insert(key.clone()) {
                return Err(taken);
            }
        }
        fresh.push(history);
    }
    let imported = Imported { imported: fresh.len(), skipped: total - fresh.len() };
    Ok((fresh, imported))
}

/// The lines of the record for these charges.
///
/// # Errors
/// A time that RFC 3339 cannot write.
pub fn lines(fresh: &[History]) -> Result<Batch, serde_json::Error> {
    let mut batch = Batch::default();
    for history in fresh {
        batch.push(&Entry::Imported(Box::new(history.clone())).line()?);
    }
    Ok(batch)
}
