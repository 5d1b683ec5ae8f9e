//! API keys as callers show them: whether one is ours is seen by itself, whether it is good is asked of the database with
//! each use; how keys come about and go is `service::api_keys`.

use std::fmt;
use std::time::Duration;

use moka::sync::Cache;
use scoped_futures::ScopedFutureExt;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use super::api_key_secret::ApiKeySecret;
use super::error::{TokenError, TokenFault};
use super::lookup::Lookups;
use crate::config::DerivedKey;
use crate::domain::access::{Credential, Principal};
use crate::domain::api_key::KeyTier;
use crate::domain::ids::{ApiKeyId, UserId};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::api_keys::{self as rows, KeyAccess, SecretHash};

/// Secrets in memory at most, some 100 bytes each.
const MOST: u64 = 20_000;

/// How long what was last learned of a secret decides whose requests its requests are. Nobody is let in by it.
const COUNTED_SO: Duration = Duration::from_secs(60);

/// A use is written down where none was for so long.
pub const NOTED_EVERY: time::Duration = time::Duration::MINUTE;

/// What checking keys needs.
pub struct ApiKeys {
    key: DerivedKey,
    lookups: Lookups<ApiKeyId>,
    /// Secrets that were good when they were last looked up; `None` of those that were not.
    seen: Cache<SecretHash, Option<Known>>,
}

/// What was last learned of a good secret.
#[derive(Debug, Clone, Copy)]
struct Known {
    tier: KeyTier,
    /// Where the database has told.
    owner: Option<UserId>,
}

impl From<&KeyAccess> for Known {
    fn from(access: &KeyAccess) -> Self {
        Self { tier: access.tier, owner: Some(access.owner_id) }
    }
}

impl ApiKeys {
    pub(super) fn new(key: DerivedKey) -> Self {
        let seen = Cache::builder().max_capacity(MOST).time_to_live(COUNTED_SO).build();
        Self { key, lookups: Lookups::new(), seen }
    }

    /// What secrets are tagged and hashed under.
    pub(in crate::service) fn key(&self) -> &DerivedKey {
        &self.key
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").finish_non_exhaustive()
    }
}

/// A secret that we made; whether it may still be used was not asked yet.
#[derive(Clone, Copy)]
pub struct ShownKey {
    pub id: ApiKeyId,
    /// As far as is known: `None` where it was no good when it was last looked up, and its requests are anybody's.
    pub tier: Option<KeyTier>,
    /// In whose name it calls, as far as is known.
    pub owner: Option<UserId>,
    hash: SecretHash,
}

impl fmt::Debug for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownKey")
            .field("id", &self.id)
            .field("tier", &self.tier)
            .finish_non_exhaustive()
    }
}

impl ShownKey {
    /// Whether this secret of the key is good at `now`.
    fn is_good(&self, access: &KeyAccess, now: OffsetDateTime) -> bool {
        let is = |known: &[u8]| bool::from(known.ct_eq(self.hash.as_slice()));
        let old = access.old_secret.as_ref();
        (is(&access.secret_hash) || old.is_some_and(|old| now < old.until && is(&old.hash)))
            && access.is_live(now)
    }
}

/// Which key this is the secret of. The database is asked only about a secret that was not seen for a while, and what it
/// doesn't answer is no refusal: a key of ours that nothing is known of is counted as a standard one.
///
/// # Errors
/// [`TokenError::Invalid`].
#[tracing::instrument(name = "service.auth.identify_key", level = "debug", skip_all)]
pub async fn identify(services: &Services, text: &str) -> Result<ShownKey, TokenError> {
    let keys = services.auth.api_keys();
    let secret = ApiKeySecret::parse(&keys.key, text).ok_or(TokenFault::NoKeyOfOurs)?;
    let (id, hash) = (secret.id(), secret.hash(&keys.key));
    let shown = |known: Option<Known>| ShownKey {
        id,
        tier: known.map(|known| known.tier),
        owner: known.and_then(|known| known.owner),
        hash,
    };
    if let Some(known) = keys.seen.get(&hash) {
        return Ok(shown(known));
    }
    let known = match keys.lookups.find(&services.pool, id).await {
        Ok(found) => good(&shown(None), found, services.ambient.now()).as_ref().map(Known::from),
        Err(_not_answered) => Some(Known { tier: KeyTier::Standard, owner: None }),
    };
    keys.seen.insert(hash, known);
    Ok(shown(known))
}

/// What a program may do right now by this secret.
///
/// # Errors
/// [`TokenError::Revoked`], or the store's.
#[tracing::instrument(name = "service.auth.admit_key", level = "debug", skip_all)]
pub async fn admit(services: &Services, shown: &ShownKey) -> Result<Principal, TokenError> {
    let keys = services.auth.api_keys();
    let now = services.ambient.now();
    let found = keys.lookups.find(&services.pool, shown.id).await?;
    let access = good(shown, found, now);
    keys.seen.insert(shown.hash, access.as_ref().map(Known::from));
    let access = access.ok_or(TokenError::Revoked)?;
    note_use(services, shown.id, &access, now).await;
    Ok(Principal {
        user_id: access.owner_id,
        credential: Credential::ApiKey(shown.id),
        role: access.role,
        scopes: access.allowed(),
    })
}

fn good(shown: &ShownKey, found: Option<KeyAccess>, now: OffsetDateTime) -> Option<KeyAccess> {
    found.filter(|access| shown.is_good(access, now))
}

/// Not each time: that would be a write for every request.
async fn note_use(services: &Services, id: ApiKeyId, access: &KeyAccess, now: OffsetDateTime) {
    let since = now - NOTED_EVERY;
    if access.last_used_at.is_some_and(|used| used > since) {
        return;
    }
    let noted: Result<(), StoreError> =
        read(&services.pool, |conn| rows::update_last_used(conn, id, now, since).scope_boxed())
            .await;
    // Whoever may call is not turned away because nobody could write it down.
    if let Err(error) = noted {
        tracing::debug!(%id, %error, "the use of a key was not noted");
    }
}
