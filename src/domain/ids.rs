//! Identifiers as types, so that an order's id can't be passed where a payment's is meant; makes none by itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A typed identifier; `Ambient::id` makes new ones.
pub trait Id: Copy {
    fn from_uuid(uuid: Uuid) -> Self;
    fn as_uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    UserId,
    /// One sign-in: a family of refresh tokens.
    SessionId,
    ApiKeyId,
    /// An application that an administrator registered (OAuth 2.1).
    ClientId,
    ProductId,
    /// A change of stock that no order made.
    AdjustmentId,
    OrderId,
    PaymentId,
    RefundId,
    /// One thing asked of the payment gateway.
    AttemptId,
    /// A journal entry.
    EntryId,
    /// An outbox message; consumers recognise copies by it.
    MessageId,
    /// A report, or an import of products.
    JobId,
    /// Something that happened: the id of the message that told of it.
    EventId,
    WebhookEndpointId,
    /// One event on its way to one endpoint.
    DeliveryId,
    /// The right to act on a leased row; a late holder has an old one.
    LeaseToken,
    AuditEntryId,
}
