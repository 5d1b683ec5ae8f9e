//! Who a caller is: passwords, sessions, tokens and the keys that sign them; what a caller may do is `domain::access`.
//!
//! A sign-in opens a session: a family of refresh tokens of which only the newest is good. Access tokens are
//! short-lived, signed, and checked against session and user with each use, so that sign-out, a new password,
//! disabling and demotion take effect at once everywhere.

mod argon2id;
pub mod error;
pub mod keys;
pub mod passwords;
pub mod refresh;
pub mod refresh_token;
pub mod revoke;
mod sessions;
pub mod sign_in;
pub mod tokens;
mod verified;

use std::fmt;
use std::sync::Arc;

use time::Duration;

use self::keys::KeyRing;
use self::passwords::PasswordHasher;
use self::sessions::Sessions;
use self::verified::Verified;
use crate::config::DerivedKey;
use crate::resilience::counts::Counts;
use crate::service::audit::Refused;

/// What the keys' key is derived from the root key by.
pub const SIGNING_KEYS_LABEL: &str = "till signing keys";

/// How long an access token lives.
pub const ACCESS_TOKEN_LIVES: Duration = Duration::minutes(10);

/// How long one sign-in lasts, however often it is refreshed.
pub const SESSION_LIVES: Duration = Duration::days(30);

/// What authentication is set up with.
#[derive(Debug)]
pub struct AuthSettings {
    /// `iss` of every token: `TILL_PUBLIC_URL`.
    pub issuer: String,
    /// `aud` of every token: `TILL_PUBLIC_URL`.
    pub audience: String,
    /// Encrypts the private keys at rest; derived from the root key under [`SIGNING_KEYS_LABEL`].
    pub key_encryption_key: DerivedKey,
}

/// The parts that authentication keeps in memory; clones share them.
#[derive(Clone)]
pub struct Auth(Arc<Parts>);

struct Parts {
    issuer: String,
    audience: String,
    passwords: PasswordHasher,
    keys: KeyRing,
    verified: Verified,
    sessions: Sessions,
    refused: Counts<Refused>,
}

impl Auth {
    pub fn new(settings: AuthSettings) -> Self {
        Self(Arc::new(Parts {
            issuer: settings.issuer,
            audience: settings.audience,
            passwords: PasswordHasher::for_this_machine(),
            keys: KeyRing::new(settings.key_encryption_key),
            verified: Verified::new(),
            sessions: Sessions::new(),
            refused: Refused::counts(),
        }))
    }

    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub fn audience(&self) -> &str {
        &self.0.audience
    }

    pub fn passwords(&self) -> &PasswordHasher {
        &self.0.passwords
    }

    pub fn keys(&self) -> &KeyRing {
        &self.0.keys
    }

    fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Sign-ins that failed and are not written down yet.
    pub(in crate::service) fn refused(&self) -> &Counts<Refused> {
        &self.0.refused
    }

    fn verified(&self) -> &Verified {
        &self.0.verified
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}
