//! Makes a key, which may do no more than whoever makes it.

use scoped_futures::ScopedFutureExt;
use time::OffsetDateTime;

use super::{ApiKeyError, KeyWithSecret, MOST_KEYS, MadeSecret};
use crate::domain::access::{Principal, Scope, ScopeSet};
use crate::domain::api_key::{ApiKey, KeyName, KeyTier};
use crate::domain::permission::{Granted, may};
use crate::domain::user::UserStatus;
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::held::still_holds;
use crate::store::{api_keys, users};

/// What the key is to be.
#[derive(Debug, Clone)]
pub struct CreateApiKey {
    pub name: KeyName,
    pub scopes: ScopeSet,
    pub tier: KeyTier,
    pub expires_at: Option<OffsetDateTime>,
}

fn may_give(held: ScopeSet, scopes: ScopeSet, tier: KeyTier) -> Result<(), ApiKeyError> {
    if let Some(missing) = scopes.iter().find(|scope| !held.contains(*scope)) {
        return Err(ApiKeyError::NotHeld(missing));
    }
    if tier == KeyTier::Premium && !held.contains(Scope::UsersAdmin) {
        return Err(ApiKeyError::NotYoursToGive);
    }
    Ok(())
}

/// The key belongs to the holder of the permission; `maker` is the same, with what they hold.
///
/// # Errors
/// [`ApiKeyError`].
#[tracing::instrument(name = "service.api_keys.create", skip_all)]
pub async fn create(
    services: &Services,
    author: &Author,
    granted: Granted<may::ManageApiKeys>,
    maker: &Principal,
    command: CreateApiKey,
) -> Result<KeyWithSecret, ApiKeyError> {
    let CreateApiKey { name, scopes, tier, expires_at } = command;
    may_give(maker.scopes, scopes, tier)?;
    let now = services.ambient.now();
    if expires_at.is_some_and(|end| end <= now) {
        return Err(ApiKeyError::OverAlready);
    }
    let id = services.ambient.id();
    let MadeSecret { shown, hash, hint } = MadeSecret::generate(services, id);
    let key = ApiKey {
        id,
        owner_id: granted.holder(),
        name,
        tier,
        scopes,
        hint,
        old_secret_until: None,
        expires_at,
        last_used_at: None,
        created_at: now,
    };
    let (stored, hash) = (&key, &hash);
    transact_audited(&services.pool, move |conn| {
        async move {
            // Held until the end, so that two at once don't both find room for the last one.
            let owner = users::find_for_update(conn, stored.owner_id).await?;
            if owner.is_none_or(|owner| owner.status != UserStatus::Active) {
                return Err(ApiKeyError::NotFound);
            }
            // A key would outlive what it was asked for with.
            let held = still_holds(conn, services, maker, granted).await?;
            may_give(held.ok_or(ApiKeyError::SignedOut)?.scopes, stored.scopes, stored.tier)?;
            if api_keys::count(conn, stored.owner_id).await? >= MOST_KEYS {
                return Err(ApiKeyError::TooMany { most: MOST_KEYS });
            }
            api_keys::insert(conn, stored, hash).await?;
            let act = Act::CreateApiKey { scopes: stored.scopes, tier: stored.tier };
            let entry = Entry { act, target: Target::ApiKey(stored.id) };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await?;
    Ok(KeyWithSecret { key, secret: shown })
}
