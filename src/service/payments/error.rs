//! Why a use case about payments came to no result; it must not say how that looks to a client.

use crate::clients::payment_gateway::NotAdmitted;
use crate::domain::ids::PaymentId;
use crate::service::idempotency::KeyError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The gateway isn't called at present; nothing was charged.
    #[error("the payment gateway is not available")]
    GatewayUnavailable(#[from] NotAdmitted),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that must be there is gone.
    #[error("payment {0} has disappeared")]
    Lost(PaymentId),
    /// The task that charges ended by itself; the reconciler settles what it left.
    #[error("the charge was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl AsStoreError for PaymentError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) | Self::Key(KeyError::Store(error)) => Some(error),
            Self::GatewayUnavailable(_)
            | Self::Key(KeyError::InFlight | KeyError::Reused | KeyError::Unreadable(_))
            | Self::Lost(_)
            | Self::Interrupted(_) => None,
        }
    }
}
