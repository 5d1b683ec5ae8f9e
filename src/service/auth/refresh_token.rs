//! Refresh tokens: 256 random bits, of which the database knows only the SHA-256; opaque to whoever holds one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::domain::ambient::Ambient;
use crate::store::sessions::TokenHash;

/// Tells people and secret scanners what they look at.
const PREFIX: &str = "tillrt_";

/// `tillrt_` and 43 characters of base64url.
#[derive(Debug, Clone)]
pub struct RefreshToken(SecretString);

impl RefreshToken {
    pub(in crate::service) fn generate(ambient: &Ambient) -> Self {
        let random = Zeroizing::new(ambient.bytes::<32>());
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.as_slice())).into())
    }

    /// `None` for what can't be a refresh token.
    pub fn parse(input: &str) -> Option<Self> {
        let bits = input.strip_prefix(PREFIX).filter(|bits| bits.len() == 43)?;
        let plain = bits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plain.then(|| Self(input.to_owned().into()))
    }

    pub(in crate::service) fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.expose_secret()).into()
    }

    pub(in crate::service) fn into_secret(self) -> SecretString {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::RefreshToken;
    use crate::domain::ambient::Ambient;

    #[test]
    fn what_is_generated_parses_and_hashes_to_the_same() {
        let token = RefreshToken::generate(&Ambient::system());
        let again = RefreshToken::parse(token.0.expose_secret()).unwrap();
        assert_eq!(token.hash(), again.hash());
        assert!(!format!("{token:?}").contains("tillrt_"));
        assert!(RefreshToken::parse("tillrt_short").is_none());
    }
}
