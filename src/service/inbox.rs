//! Whether a consumer is done with a message, so that a copy has no second effect; the effect itself is not known here.

use scoped_futures::ScopedFutureExt;

use super::Services;
use super::transact::read;
use crate::domain::ids::MessageId;
use crate::store::{self, StoreError};

/// Whether this consumer has handled the message or given it up. A consumer whose effect is a transaction asks
/// again in it: copies may run side by side.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn is_settled(
    services: &Services,
    consumer: &str,
    message: MessageId,
) -> Result<bool, StoreError> {
    read(&services.pool, |conn| store::inbox::is_settled(conn, consumer, message).scope_boxed())
        .await
}
