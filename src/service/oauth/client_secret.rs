//! Secrets of applications: 256 random bits, of which the database knows a keyed hash that holds for one client alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::domain::ids::{ClientId, Id};
use crate::service::Services;
use crate::service::auth::mac::mac;
use crate::store::oauth_clients::SecretHash;

/// Tells people and secret scanners what they look at.
const PREFIX: &str = "tillcs_";

const HASH_USE: &[u8] = b"till client secret 1";

/// A new secret of a client, and the same as it is kept.
pub(in crate::service) struct MadeSecret {
    /// `tillcs_` and 43 characters of base64url.
    pub shown: SecretString,
    pub hash: SecretHash,
}

impl MadeSecret {
    pub(in crate::service) fn generate(services: &Services, client: ClientId) -> Self {
        let random = Zeroizing::new(services.ambient.bytes::<32>());
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.as_slice()));
        let shown = SecretString::from(text);
        let hash = hash(services, client, &shown);
        Self { shown, hash }
    }
}

/// Of whatever is shown, so that it takes as long for what can't be a secret.
pub(super) fn hash(services: &Services, client: ClientId, shown: &SecretString) -> SecretHash {
    let digest: [u8; 32] = Sha256::digest(shown.expose_secret()).into();
    let (key, client) = (services.auth.client_secrets_key(), client.as_uuid());
    mac(key, HASH_USE, &[client.as_bytes(), &digest])
}
