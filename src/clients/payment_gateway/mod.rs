//! The port to a payment provider: charge under our own key, look up, capture, cancel, refund; it decides nothing about payments.
//!
//! A key that was used before answers with what it did then, so every call may be repeated. An error that
//! [`GatewayError::is_unknown`] says nothing about whether the money moved: only an answer does.

pub mod callback;
pub mod faults;
pub mod guarded;
pub mod history;
pub mod record;
pub mod sandbox;

use futures_util::future::BoxFuture;

use crate::domain::money::{Amount, Money};
use crate::domain::payment::{CaptureMethod, PaymentFailure};
use crate::domain::user::PaymentMethod;

pub use callback::{CallbackError, CallbackVerifier, ChargeNotice, SignedCallback};
pub use faults::{Faults, SandboxFaults};
pub use guarded::{Admission, GuardedGateway, NotAdmitted};
pub use history::{PastCharge, SandboxHistory};
pub use record::{GatewayRecord, RecordedCharge};
pub use sandbox::SandboxGateway;

/// What a provider must be able to do. All of it is idempotent by `key`.
pub trait PaymentGateway: Send + Sync + std::fmt::Debug {
    /// Takes or sets aside money.
    fn charge<'a>(&'a self, order: &'a ChargeOrder) -> BoxFuture<'a, Result<Charge, GatewayError>>;

    /// The charge that a key made; `None` says that it made none so far.
    fn find_charge<'a>(
        &'a self,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Charge>, GatewayError>>;

    /// Takes `amount` of what was set aside and releases the rest.
    fn capture<'a>(&'a self, step: Step<'a>, amount: Amount) -> ChargeFuture<'a>;

    /// Releases what was set aside.
    fn cancel<'a>(&'a self, step: Step<'a>) -> ChargeFuture<'a>;

    /// Gives `amount` of what was taken back.
    fn refund<'a>(
        &'a self,
        step: Step<'a>,
        amount: Amount,
    ) -> BoxFuture<'a, Result<(), GatewayError>>;
}

/// A charge, or why there is none to show.
pub type ChargeFuture<'a> = BoxFuture<'a, Result<Charge, GatewayError>>;

/// A charge to be made.
#[derive(Debug, Clone)]
pub struct ChargeOrder {
    pub key: String,
    pub money: Money,
    pub method: PaymentMethod,
    pub capture: CaptureMethod,
    /// Where the provider tells of later changes.
    pub callback_url: Option<String>,
}

/// One more thing done to a charge.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    pub key: &'a str,
    /// The provider's name of the charge.
    pub charge_id: &'a str,
}

/// A charge as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub id: String,
    pub state: ChargeState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeState {
    /// The provider doesn't know yet either.
    Processing,
    Authorized,
    Captured {
        captured: Amount,
    },
    Declined(PaymentFailure),
    Canceled,
}

/// Why a call has no answer that can be acted on.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No connection, or it broke.
    #[error("the payment gateway can't be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the payment gateway didn't answer in time")]
    Timeout,
    /// It failed, or is not willing now: 401, 403, 408, 429, 5xx.
    #[error("the payment gateway answered {status}")]
    Unwilling { status: u16 },
    /// A redirect, too long, impossible, or about another charge than ours.
    #[error("the payment gateway's answer makes no sense: {why}")]
    BadAnswer { why: &'static str },
    #[error("the payment gateway's answer isn't what its protocol says")]
    Unreadable(#[source] serde_json::Error),
    /// It understood and declined to do it: nothing was done under this key, nor will be.
    #[error("the payment gateway refused: {code}")]
    Refused { code: String, message: String },
}

impl GatewayError {
    /// Whether the operation may have happened nevertheless.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Timeout
            | Self::Unwilling { .. }
            | Self::BadAnswer { .. }
            | Self::Unreadable(_) => true,
            Self::Refused { .. } => false,
        }
    }

    /// Whether the next try may fare better: not where the answer came and was nonsense.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Timeout => true,
            Self::Unwilling { status } => *status >= 500,
            Self::BadAnswer { .. } | Self::Unreadable(_) | Self::Refused { .. } => false,
        }
    }
}
