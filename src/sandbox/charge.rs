//! The life of a charge as pure transitions; no clock, no lock, no I/O.
//!
//! `processing → authorized | captured | declined`, `authorized → captured | canceled`; `captured`, `declined` and
//! `canceled` are final, but a captured charge can be refunded until nothing is left.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    ids::{ChargeId, Key, RefundId},
    terms::{Amount, CaptureMode, Terms},
};

/// One charge; each transition returns the next version and leaves this one alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// The provider's name for it.
    pub id: ChargeId,
    /// The client's name for it.
    pub key: Key,
    /// What was asked for.
    pub terms: Terms,
    /// Where it stands.
    pub state: State,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// Where a charge stands; money moved exists only where it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum State {
    /// Not decided yet.
    Processing,
    /// Set aside.
    Authorized,
    /// Taken; `refunded` ≤ `captured` ≤ the terms' amount, in minor units.
    Captured {
        /// What was taken.
        captured: Amount,
        /// What of it went back; 0 at first.
        refunded: i64,
    },
    /// Refused.
    Declined {
        /// Why.
        code: FailureCode,
    },
    /// Given back before it was taken.
    Canceled,
}

/// Why a charge was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// No reason given by the issuer.
    CardDeclined,
    /// Not enough money.
    InsufficientFunds,
    /// The card is out of date.
    ExpiredCard,
    /// The provider does not know the method.
    InvalidPaymentMethod,
}

impl FailureCode {
    /// The reason in words a customer can read.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::CardDeclined => "The card was declined.",
            Self::InsufficientFunds => "The card has insufficient funds.",
            Self::ExpiredCard => "The card has expired.",
            Self::InvalidPaymentMethod => "The payment method is not known.",
        }
    }
}

/// How a new charge begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It is granted.
    Succeeds,
    /// It is refused.
    Declines(FailureCode),
    /// It is decided later.
    Pending,
}

/// How a pending charge ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Settlement {
    /// Granted: captured, or authorized where the charge was to be captured later.
    Captured,
    /// Refused with `card_declined`.
    Declined,
}

/// Money given back from one charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// The provider's name for it.
    pub id: RefundId,
    /// The client's name for it.
    pub key: Key,
    /// What it gives back from.
    pub charge_id: ChargeId,
    /// How much, in minor units of the charge's currency.
    pub amount: Amount,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// Why a charge cannot do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// Only an authorized charge can be captured.
    #[error("the charge cannot be captured: it is not authorized")]
    NotCapturable,
    /// More than was set aside.
    #[error("the capture exceeds the authorized amount")]
    CaptureExceedsCharge,
    /// Only an authorized charge can be canceled.
    #[error("the charge cannot be canceled: it is not authorized")]
    NotCancelable,
    /// Only a captured charge can be refunded.
    #[error("the charge cannot be refunded: it is not captured")]
    NotRefundable,
    /// More than is left of what was taken.
    #[error("the refund exceeds what is left of the charge")]
    RefundExceedsCharge,
    /// Only a processing charge can be settled.
    #[error("the charge cannot be settled: it is not processing")]
    NotPending,
}

impl Charge {
    /// A new charge under the client's key.
    #[must_use]
    pub fn open(key: Key, terms: Terms, opening: Opening, now: OffsetDateTime) -> Self {
        let state = match opening {
            Opening::Succeeds => granted(&terms),
            Opening::Declines(code) => State::Declined { code },
            Opening::Pending => State::Processing,
        };
        Self { id: ChargeId::fresh(), key, terms, state, created_at: now, updated_at: now }
    }

    /// Decides a pending charge.
    ///
    /// # Errors
    /// [`TransitionError::NotPending`] once it is decided.
    pub fn settle(&self, how: Settlement, now: OffsetDateTime) -> Result<Self, TransitionError> {
        if self.state != State::Processing {
            return Err(TransitionError::NotPending);
        }
        Ok(self.moved(
            match how {
                Settlement::Captured => granted(&self.terms),
                Settlement::Declined => State::Declined { code: FailureCode::CardDeclined },
            },
            now,
        ))
    }

    /// Takes all or a part of what was set aside, once; the rest is released.
    ///
    /// # Errors
    /// [`TransitionError::NotCapturable`], [`TransitionError::CaptureExceedsCharge`].
    pub fn capture(&self, amount: Amount, now: OffsetDateTime) -> Result<Self, TransitionError> {
        if self.state != State::Authorized {
            return Err(TransitionError::NotCapturable);
        }
        if amount > self.terms.amount {
            return Err(TransitionError::CaptureExceedsCharge);
        }
        Ok(self.moved(State::Captured { captured: amount, refunded: 0 }, now))
    }

    /// Releases what was set aside.
    ///
    /// # Errors
    /// [`TransitionError::NotCancelable`].
    pub fn cancel(&self, now: OffsetDateTime) -> Result<Self, TransitionError> {
        if self.state != State::Authorized {
            return Err(TransitionError::NotCancelable);
        }
        Ok(self.moved(State::Canceled, now))
    }

    /// Gives back a part of what was taken; in sum never more than that.
    ///
    /// # Errors
    /// [`TransitionError::NotRefundable`], [`TransitionError::RefundExceedsCharge`].
    pub fn refund(
        &self,
        key: Key,
        amount: Amount,
        now: OffsetDateTime,
    ) -> Result<(Self, Refund), TransitionError> {
        let State::Captured { captured, refunded } = self.state else {
            return Err(TransitionError::NotRefundable);
        };
        if amount.minor_units() > captured.minor_units() - refunded {
            return Err(TransitionError::RefundExceedsCharge);
        }
        let refunded = refunded + amount.minor_units();
        let refund =
            Refund { id: RefundId::fresh(), key, charge_id: self.id, amount, created_at: now };
        Ok((self.moved(State::Captured { captured, refunded }, now), refund))
    }

    fn moved(&self, state: State, now: OffsetDateTime) -> Self {
        Self { state, updated_at: now, ..self.clone() }
    }
}

fn granted(terms: &Terms) -> State {
    match terms.capture {
        CaptureMode::AtOnce => State::Captured { captured: terms.amount, refunded: 0 },
        CaptureMode::Later => State::Authorized,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use iso_currency::Currency;
    use proptest::{collection::vec, prelude::any, prop_assert, proptest};

    use super::{
        Amount, CaptureMode, Charge, FailureCode, Key, OffsetDateTime, Opening, Settlement, State,
        Terms, TransitionError,
    };

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn amount(minor_units: i64) -> Amount {
        minor_units.try_into().unwrap()
    }

    fn key(text: &str) -> Key {
        text.to_owned().try_into().unwrap()
    }

    fn charge(capture: CaptureMode, opening: Opening) -> Charge {
        let terms = Terms {
            amount: amount(1_000),
            currency: Currency::EUR,
            payment_method: "pm_ok".into(),
            capture,
            callback_url: None,
            metadata: BTreeMap::new(),
        };
        Charge::open(key("k"), terms, opening, NOW)
    }

    fn authorized() -> Charge {
        charge(CaptureMode::Later, Opening::Succeeds)
    }

    #[test]
    fn a_charge_begins_as_its_terms_and_opening_say() {
        let captured = State::Captured { captured: amount(1_000), refunded: 0 };
        assert_eq!(charge(CaptureMode::AtOnce, Opening::Succeeds).state, captured);
        assert_eq!(authorized().state, State::Authorized);
        let code = FailureCode::ExpiredCard;
        let declined = charge(CaptureMode::AtOnce, Opening::Declines(code));
        assert_eq!(declined.state, State::Declined { code });
    }

    #[test]
    fn a_pending_charge_settles_once_and_as_it_was_asked() {
        let pending = charge(CaptureMode::Later, Opening::Pending);
        let settled = pending.settle(Settlement::Captured, NOW).unwrap();
        assert_eq!(settled.state, State::Authorized);
        assert_eq!(settled.settle(Settlement::Declined, NOW), Err(TransitionError::NotPending));
    }

    #[test]
    fn a_capture_takes_a_part_once_and_never_more_than_was_set_aside() {
        let charge = authorized();
        let too_much = charge.capture(amount(1_001), NOW);
        assert_eq!(too_much, Err(TransitionError::CaptureExceedsCharge));
        let captured = charge.capture(amount(400), NOW).unwrap();
        assert_eq!(captured.state, State::Captured { captured: amount(400), refunded: 0 });
        assert_eq!(captured.capture(amount(1), NOW), Err(TransitionError::NotCapturable));
        assert_eq!(captured.cancel(NOW), Err(TransitionError::NotCancelable));
    }

    #[test]
    fn only_an_authorized_charge_is_canceled_and_nothing_moves_after() {
        let canceled = authorized().cancel(NOW).unwrap();
        assert_eq!(canceled.cancel(NOW), Err(TransitionError::NotCancelable));
        assert_eq!(canceled.capture(amount(1), NOW), Err(TransitionError::NotCapturable));
        let refund = canceled.refund(key("r"), amount(1), NOW);
        assert_eq!(refund, Err(TransitionError::NotRefundable));
    }

    proptest! {
        #[test]
        fn refunds_never_sum_to_more_than_was_captured(
            captured in 1_i64..=1_000,
            asked in vec(1_i64..=1_000, 0..20),
            later in any::<bool>(),
        ) {
            let capture = CaptureMode::from(!later);
            let mut now = charge(capture, Opening::Succeeds);
            if later {
                now = now.capture(amount(captured), NOW).unwrap();
            }
            let taken = if later { captured } else { 1_000 };
            let mut given_back = 0;
            for part in asked {
                if let Ok((next, _)) = now.refund(key("r"), amount(part), NOW) {
                    now = next;
                    given_back += part;
                }
            }
            prop_assert!(given_back <= taken);
            let expected = State::Captured { captured: amount(taken), refunded: given_back };
            prop_assert!(now.state == expected);
        }
    }
}
