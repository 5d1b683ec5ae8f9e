//! Why a use case about payments came to no result; it must not say how that looks to a client.

use crate::clients::payment_gateway::{CallbackError, GatewayError, NotAdmitted};
use crate::domain::ids::{AttemptId, PaymentId, RefundId};
use crate::domain::payment::{GatewayOperation, PaymentStatus};
use crate::service::idempotency::KeyError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// It doesn't exist, or is not within the caller's reach: told apart for nobody.
    #[error("there is no such payment")]
    NotFound,
    /// The gateway isn't called at present; nothing was charged.
    #[error("the payment gateway is not available")]
    GatewayUnavailable(#[from] NotAdmitted),
    /// The gateway was called and gave no answer that can be acted on.
    #[error("the payment gateway gave no answer")]
    NoAnswer(#[source] GatewayError),
    /// A capture or cancellation of the payment is under way; nothing was decided.
    #[error("another step of the payment is under way")]
    StepUnderWay { wanted: GatewayOperation, status: PaymentStatus },
    /// A call-back that isn't the gateway's.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that must be there is gone.
    #[error("payment {0} has disappeared")]
    Lost(PaymentId),
    #[error("attempt {0} has disappeared")]
    AttemptLost(AttemptId),
    #[error("refund {0} has disappeared")]
    RefundLost(RefundId),
    /// A step is asked for, and the gateway's name of the charge isn't known.
    #[error("payment {0} was never charged")]
    NeverCharged(PaymentId),
    /// The task that calls ended by itself; the reconciler settles what it left.
    #[error("the call was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl AsStoreError for PaymentError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) | Self::Key(KeyError::Store(error)) => Some(error),
            Self::NotFound
            | Self::GatewayUnavailable(_)
            | Self::NoAnswer(_)
            | Self::StepUnderWay { .. }
            | Self::Callback(_)
            | Self::Key(KeyError::InFlight | KeyError::Reused | KeyError::Unreadable(_))
            | Self::Lost(_)
            | Self::AttemptLost(_)
            | Self::RefundLost(_)
            | Self::NeverCharged(_)
            | Self::Interrupted(_) => None,
        }
    }
}
