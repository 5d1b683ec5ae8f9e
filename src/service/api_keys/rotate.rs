//! Gives a key a new secret; the one before it stays good for a day, so that programs may change in peace.

use scoped_futures::ScopedFutureExt;

use super::{ApiKeyError, KeyWithSecret, MadeSecret, OLD_SECRET_LIVES};
use crate::domain::access::Principal;
use crate::domain::ids::ApiKeyId;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::held::still_holds;
use crate::store::api_keys::{self, NewSecret};

/// A secret that was old already is good for nothing from then on. The key belongs to the holder of the permission; `caller`
/// is the same, with what they hold.
///
/// # Errors
/// [`ApiKeyError::NotFound`], [`ApiKeyError::SignedOut`], or the store's.
#[tracing::instrument(name = "service.api_keys.rotate", skip_all)]
pub async fn rotate(
    services: &Services,
    author: &Author,
    owner: Granted<may::ManageApiKeys>,
    caller: &Principal,
    id: ApiKeyId,
) -> Result<KeyWithSecret, ApiKeyError> {
    let MadeSecret { shown, hash, hint } = MadeSecret::generate(services, id);
    let old_until = services.ambient.now() + OLD_SECRET_LIVES;
    let secret = &NewSecret { hash: &hash, hint: &hint, old_until };
    let key = transact_audited::<_, ApiKeyError, _>(&services.pool, |conn| {
        async move {
            // The secret would outlive what it was asked for with.
            let held = still_holds(conn, services, caller, owner).await?;
            held.ok_or(ApiKeyError::SignedOut)?;
            let rotated = api_keys::update_secret(conn, (id, owner.holder()), secret).await?;
            let key = rotated.ok_or(ApiKeyError::NotFound)?;
            let entry = Entry { act: Act::RotateApiKey, target: Target::ApiKey(id) };
            Ok(record(conn, &services.ambient, author, &[entry], key).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(KeyWithSecret { key, secret: shown })
}
