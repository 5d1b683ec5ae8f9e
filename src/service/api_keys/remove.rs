//! Removes a key; from then on it is nobody's.

use scoped_futures::ScopedFutureExt;

use super::ApiKeyError;
use crate::domain::ids::ApiKeyId;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::store::api_keys;

/// In force everywhere once it returns: every use looks the key up.
///
/// # Errors
/// [`ApiKeyError::NotFound`], or the store's.
#[tracing::instrument(name = "service.api_keys.remove", skip_all)]
pub async fn remove(
    services: &Services,
    author: &Author,
    owner: Granted<may::ManageApiKeys>,
    id: ApiKeyId,
) -> Result<(), ApiKeyError> {
    transact_audited(&services.pool, |conn| {
        async move {
            if !api_keys::delete(conn, id, owner.holder()).await? {
                return Err(ApiKeyError::NotFound);
            }
            let entry = Entry { act: Act::RemoveApiKey, target: Target::ApiKey(id) };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}
