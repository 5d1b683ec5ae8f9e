//! Messages that a consumer gave up: kept with the reason, and tried again when an operator says so.

use scoped_futures::ScopedFutureExt;

use super::Services;
use super::transact::{read, transact};
use crate::domain::ids::MessageId;
use crate::store::{self, StoreError};

pub use crate::store::dead_letters::NewDeadLetter as DeadLetter;

/// Keeps a message that is given up; `false` where it was kept before.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn keep(services: &Services, letter: DeadLetter<'_>) -> Result<bool, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| store::dead_letters::insert(conn, letter, now).scope_boxed()).await
}

/// Sends a dead letter once more, by the outbox; consumers that have handled it pass over the copy. `false`
/// where there is no such dead letter.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn replay(
    services: &Services,
    consumer: &str,
    message: MessageId,
) -> Result<bool, StoreError> {
    transact(&services.pool, |conn| {
        async move {
            let Some(message) = store::dead_letters::delete(conn, consumer, message).await? else {
                return Ok(false);
            };
            store::outbox::upsert_due(conn, &message, services.ambient.now()).await?;
            Ok(true)
        }
        .scope_boxed()
    })
    .await
}
