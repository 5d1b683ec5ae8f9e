//! API keys: made, listed, rotated and removed by the people they act for.
//!
//! A key is its owner in a narrower form: it belongs to who made it, holds a part of what they may, and whatever it makes is
//! theirs. Its secret is shown once, and only a keyed hash of it is kept. Only people who signed in manage keys: a key that
//! leaks makes no others, and no rotation locks its owner out. How a key is shown and judged is `service::auth::api_keys`.

mod create;
mod error;
mod read;
mod remove;
mod rotate;
mod set_tier;

use secrecy::SecretString;
use time::Duration;

use super::Services;
use super::auth::api_key_secret::ApiKeySecret;
use crate::domain::api_key::ApiKey;
use crate::domain::ids::ApiKeyId;
use crate::store::api_keys::SecretHash;

pub use create::{CreateApiKey, create};
pub use error::ApiKeyError;
pub use read::{find, list};
pub use remove::remove;
pub use rotate::rotate;
pub use set_tier::set_tier;

/// How long the secret before a new one stays good.
pub const OLD_SECRET_LIVES: Duration = Duration::DAY;

/// Keys that one owner may have.
pub const MOST_KEYS: i64 = 32;

/// A key with the secret that is shown this once.
#[derive(Debug, Clone)]
pub struct KeyWithSecret {
    pub key: ApiKey,
    /// `till_…`.
    pub secret: SecretString,
}

/// A new secret of a key, and the same as it is kept.
pub(in crate::service) struct MadeSecret {
    pub shown: SecretString,
    pub hash: SecretHash,
    pub hint: String,
}

impl MadeSecret {
    pub(in crate::service) fn generate(services: &Services, id: ApiKeyId) -> Self {
        let key = services.auth.api_keys().key();
        let secret = ApiKeySecret::generate(key, &services.ambient, id);
        Self { shown: secret.shown(), hash: secret.hash(key), hint: secret.hint() }
    }
}
