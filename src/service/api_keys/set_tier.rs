//! Gives a key another tier, whoever owns it; for administrators.

use scoped_futures::ScopedFutureExt;

use super::ApiKeyError;
use crate::domain::api_key::{ApiKey, KeyTier};
use crate::domain::ids::ApiKeyId;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::{StoreError, api_keys};

/// # Errors
/// [`ApiKeyError::NotFound`], or the store's.
#[tracing::instrument(name = "service.api_keys.set_tier", skip_all)]
pub async fn set_tier(
    services: &Services,
    _: Granted<may::SetKeyTiers>,
    id: ApiKeyId,
    tier: KeyTier,
) -> Result<ApiKey, ApiKeyError> {
    let changed = transact::<_, StoreError, _>(&services.pool, |conn| {
        api_keys::update_tier(conn, id, tier).scope_boxed()
    })
    .await?;
    changed.ok_or(ApiKeyError::NotFound)
}
