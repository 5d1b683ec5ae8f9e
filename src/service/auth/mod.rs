//! Who a caller is: passwords, sessions, tokens and the keys that sign them; what a caller may do is `domain::access`.
//!
//! A sign-in opens a session: a family of refresh tokens of which only the newest is good. Access tokens are
//! short-lived, signed, and checked against session and user with each use, so that sign-out, a new password,
//! disabling and demotion take effect at once everywhere. API keys are checked against their row and their owner's in the
//! same way ([`shown`]).

pub mod account_token;
pub mod api_key_secret;
pub mod api_keys;
mod argon2id;
pub mod error;
pub(in crate::service) mod held;
pub mod keys;
mod lookup;
pub(in crate::service) mod mac;
pub mod opaque_token;
pub mod passwords;
pub mod refresh;
pub mod refresh_token;
pub mod resend_verification;
pub mod reset_password;
pub mod revoke;
pub mod revoke_all;
pub mod shown;
pub mod sign_in;
pub mod tokens;
mod verified;
pub mod verify_email;

use std::fmt;
use std::sync::Arc;

use time::Duration;

use self::account_token::AccountToken;
use self::api_keys::ApiKeys;
use self::keys::KeyRing;
use self::lookup::Lookups;
use self::passwords::PasswordHasher;
use self::verified::Verified;
use crate::config::DerivedKey;
use crate::domain::account_token::TokenPurpose;
use crate::domain::ids::{MessageId, SessionId, UserId};
use crate::resilience::counts::Counts;
use crate::service::audit::Refused;

/// What the keys' key is derived from the root key by.
pub const SIGNING_KEYS_LABEL: &str = "till signing keys";

/// What the key of API keys' secrets is derived from the root key by.
pub const API_KEYS_LABEL: &str = "till api keys";

/// What the key of mailed tokens is derived from the root key by.
pub const ACCOUNT_TOKENS_LABEL: &str = "till account tokens";

/// What the key of applications' secrets is derived from the root key by.
pub const CLIENT_SECRETS_LABEL: &str = "till client secrets";

/// What the key of the sign-in page's forms and cookies is derived from the root key by.
pub const OAUTH_FORMS_LABEL: &str = "till oauth forms";

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
    /// Tags and hashes the secrets of API keys; derived from the root key under [`API_KEYS_LABEL`].
    pub api_keys_key: DerivedKey,
    /// Makes the tokens that are mailed; derived from the root key under [`ACCOUNT_TOKENS_LABEL`].
    pub account_tokens_key: DerivedKey,
    /// Hashes the secrets of applications; derived from the root key under [`CLIENT_SECRETS_LABEL`].
    pub client_secrets_key: DerivedKey,
    /// Ties the forms of the sign-in page to a browser; derived from the root key under [`OAUTH_FORMS_LABEL`].
    pub oauth_forms_key: DerivedKey,
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
    sessions: Lookups<(SessionId, UserId)>,
    api_keys: ApiKeys,
    account_tokens_key: DerivedKey,
    client_secrets_key: DerivedKey,
    oauth_forms_key: DerivedKey,
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
            sessions: Lookups::new(),
            api_keys: ApiKeys::new(settings.api_keys_key),
            account_tokens_key: settings.account_tokens_key,
            client_secrets_key: settings.client_secrets_key,
            oauth_forms_key: settings.oauth_forms_key,
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

    pub(super) fn api_keys(&self) -> &ApiKeys {
        &self.0.api_keys
    }

    /// What the secrets of applications are hashed under.
    pub(in crate::service) fn client_secrets_key(&self) -> &DerivedKey {
        &self.0.client_secrets_key
    }

    /// What the forms of the sign-in page are tagged under.
    pub fn oauth_forms_key(&self) -> &DerivedKey {
        &self.0.oauth_forms_key
    }

    /// The token that goes to this user with the mail of this message.
    pub(super) fn account_token(
        &self,
        purpose: TokenPurpose,
        mailed: (MessageId, UserId),
    ) -> AccountToken {
        AccountToken::of(&self.0.account_tokens_key, purpose, mailed)
    }

    fn sessions(&self) -> &Lookups<(SessionId, UserId)> {
        &self.0.sessions
    }

    /// Wrong passwords that are not written down yet.
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
