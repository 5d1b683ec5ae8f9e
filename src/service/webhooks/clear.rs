//! Clears away what is owed to endpoints that want nothing any more, a batch at a time, so that no statement takes long.

use scoped_futures::ScopedFutureExt;

use crate::service::Services;
use crate::service::transact::read;
use crate::store::{StoreError, webhook_deliveries, webhook_endpoints};

/// Gives up what waits for disabled endpoints, and forgets removed ones with what was sent to them; up to `limit` rows of
/// each, and how many at the most.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.webhooks.clear", skip_all)]
pub async fn clear(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        async move {
            let given_up = webhook_deliveries::update_abandoned(conn, now, limit).await?;
            let forgotten = webhook_deliveries::delete_orphaned(conn, limit).await?;
            let endpoints = webhook_endpoints::delete_removed(conn, limit).await?;
            Ok(given_up.max(forgotten).max(endpoints))
        }
        .scope_boxed()
    })
    .await
}
