//! Looks keys up, for their owners alone; changes nothing.

use scoped_futures::ScopedFutureExt;

use super::ApiKeyError;
use crate::domain::api_key::ApiKey;
use crate::domain::ids::{ApiKeyId, Id};
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::{StoreError, api_keys};

/// # Errors
/// [`ApiKeyError::NotFound`], or the store's.
#[tracing::instrument(name = "service.api_keys.find", skip_all)]
pub async fn find(
    services: &Services,
    owner: Granted<may::ManageApiKeys>,
    id: ApiKeyId,
) -> Result<ApiKey, ApiKeyError> {
    let found: Option<_> = read::<_, StoreError, _>(&services.pool, |conn| {
        api_keys::find(conn, id, owner.holder()).scope_boxed()
    })
    .await?;
    found.ok_or(ApiKeyError::NotFound)
}

/// Newest first, those that are over among them.
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.api_keys.list", skip_all)]
pub async fn list(
    services: &Services,
    owner: Granted<may::ManageApiKeys>,
    page: PageRequest,
) -> Result<Page<ApiKey>, ApiKeyError> {
    let rows: Vec<ApiKey> = read::<_, StoreError, _>(&services.pool, |conn| {
        api_keys::list(conn, owner.holder(), page).scope_boxed()
    })
    .await?;
    Ok(Page::cut(rows, page.size, |key| Position {
        created_at: key.created_at,
        id: key.id.as_uuid(),
    }))
}
