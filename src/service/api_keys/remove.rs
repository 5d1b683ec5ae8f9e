//! Removes a key; from then on it is nobody's.

use scoped_futures::ScopedFutureExt;

use super::ApiKeyError;
use crate::domain::ids::ApiKeyId;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::{StoreError, api_keys};

/// In force everywhere once it returns: every use looks the key up.
///
/// # Errors
/// [`ApiKeyError::NotFound`], or the store's.
#[tracing::instrument(name = "service.api_keys.remove", skip_all)]
pub async fn remove(
    services: &Services,
    owner: Granted<may::ManageApiKeys>,
    id: ApiKeyId,
) -> Result<(), ApiKeyError> {
    let removed = transact::<_, StoreError, _>(&services.pool, |conn| {
        api_keys::delete(conn, id, owner.holder()).scope_boxed()
    })
    .await?;
    if removed { Ok(()) } else { Err(ApiKeyError::NotFound) }
}
