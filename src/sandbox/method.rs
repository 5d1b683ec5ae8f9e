//! What each test payment method does, in one table; decides nothing about a charge's later life.
//!
//! | method | behaviour |
//! | --- | --- |
//! | `pm_ok` | charges and answers |
//! | `pm_declined`, `pm_insufficient_funds`, `pm_expired` | declines: `card_declined`, `insufficient_funds`, `expired_card` |
//! | `pm_slow` | charges at once, answers after [`slow_answer`](super::Delays::slow_answer) |
//! | `pm_timeout` | charges, then never answers; neither does a repeat, so only a look-up tells |
//! | `pm_error` | answers 500; nothing is charged or recorded |
//! | `pm_error_after` | charges, then 500; a repeat with the key answers the charge |
//! | `pm_flaky` | 500 twice per key with nothing charged, then charges |
//! | `pm_async` | answers `processing`, settles later and tells by call-back |
//! | any other | declines: `invalid_payment_method` |

use super::charge::{FailureCode, Opening};

/// What the provider does when a charge is asked for with this payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Charges and answers.
    Succeed,
    /// Records a declined charge.
    Decline(FailureCode),
    /// Charges, answers late.
    AnswerLate,
    /// Charges, never answers.
    NeverAnswer,
    /// Fails before anything is charged.
    FailBefore,
    /// Charges, then fails once.
    FailAfter,
    /// Fails twice per key before it charges.
    FailTwice,
    /// Settles some time later.
    SettleLater,
}

impl Behaviour {
    /// Looks the payment method up.
    #[must_use]
    pub fn of(payment_method: &str) -> Self {
        match payment_method {
            "pm_ok" => Self::Succeed,
            "pm_declined" => Self::Decline(FailureCode::CardDeclined),
            "pm_insufficient_funds" => Self::Decline(FailureCode::InsufficientFunds),
            "pm_expired" => Self::Decline(FailureCode::ExpiredCard),
            "pm_slow" => Self::AnswerLate,
            "pm_timeout" => Self::NeverAnswer,
            "pm_error" => Self::FailBefore,
            "pm_error_after" => Self::FailAfter,
            "pm_flaky" => Self::FailTwice,
            "pm_async" => Self::SettleLater,
            _ => Self::Decline(FailureCode::InvalidPaymentMethod),
        }
    }

    /// How a charge begins where it is made at all.
    #[must_use]
    pub fn opening(self) -> Opening {
        match self {
            Self::Decline(code) => Opening::Declines(code),
            Self::SettleLater => Opening::Pending,
            Self::Succeed
            | Self::AnswerLate
            | Self::NeverAnswer
            | Self::FailBefore
            | Self::FailAfter
            | Self::FailTwice => Opening::Succeeds,
        }
    }
}
