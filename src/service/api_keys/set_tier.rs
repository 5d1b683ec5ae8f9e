//! Gives a key another tier, whoever owns it; for administrators.

use scoped_futures::ScopedFutureExt;

use super::ApiKeyError;
use crate::domain::api_key::{ApiKey, KeyTier};
use crate::domain::ids::ApiKeyId;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::store::api_keys;

/// # Errors
/// [`ApiKeyError::NotFound`], or the store's.
#[tracing::instrument(name = "service.api_keys.set_tier", skip_all)]
pub async fn set_tier(
    services: &Services,
    author: &Author,
    _: Granted<may::SetKeyTiers>,
    id: ApiKeyId,
    tier: KeyTier,
) -> Result<ApiKey, ApiKeyError> {
    transact_audited(&services.pool, |conn| {
        async move {
            let changed = api_keys::update_tier(conn, id, tier).await?;
            let key = changed.ok_or(ApiKeyError::NotFound)?;
            let entry = Entry { act: Act::ChangeKeyTier { tier }, target: Target::ApiKey(id) };
            Ok(record(conn, &services.ambient, author, &[entry], key).await?)
        }
        .scope_boxed()
    })
    .await
}
