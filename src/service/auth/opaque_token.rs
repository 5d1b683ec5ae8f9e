//! Tokens that say nothing to whoever holds one: 256 bits behind a prefix that names their kind, of which the database knows only
//! the SHA-256. What a kind is good for is decided where it is named.

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::domain::ambient::Ambient;

/// What a token is for.
pub trait Kind {
    /// Tells people and secret scanners what they look at.
    const PREFIX: &'static str;
}

/// The prefix of its kind and 43 characters of base64url.
#[derive(Debug, Clone)]
pub struct OpaqueToken<K> {
    text: SecretString,
    kind: PhantomData<K>,
}

impl<K: Kind> OpaqueToken<K> {
    pub fn generate(ambient: &Ambient) -> Self {
        let random = Zeroizing::new(ambient.bytes::<32>());
        Self { text: written(K::PREFIX, &random), kind: PhantomData }
    }

    /// `None` for what can't be one.
    pub fn parse(input: &str) -> Option<Self> {
        Some(Self { text: parsed(K::PREFIX, input)?, kind: PhantomData })
    }

    pub(in crate::service) fn hash(&self) -> [u8; 32] {
        hashed(&self.text)
    }

    /// For whoever is to hold it.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    pub(in crate::service) fn into_secret(self) -> SecretString {
        self.text
    }
}

/// These bits as the text of a token.
pub(super) fn written(prefix: &str, bits: &[u8; 32]) -> SecretString {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits)).into()
}

/// `None` for what can't be the text of a token.
pub(super) fn parsed(prefix: &str, input: &str) -> Option<SecretString> {
    let bits = input.strip_prefix(prefix).filter(|bits| bits.len() == 43)?;
    let plain = bits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    plain.then(|| input.to_owned().into())
}

/// What is kept of the text of a token.
pub(super) fn hashed(text: &SecretString) -> [u8; 32] {
    Sha256::digest(text.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::{Kind, OpaqueToken};
    use crate::domain::ambient::Ambient;

    #[derive(Debug)]
    enum One {}

    impl Kind for One {
        const PREFIX: &'static str = "tillone_";
    }

    #[derive(Debug)]
    enum Other {}

    impl Kind for Other {
        const PREFIX: &'static str = "tillother_";
    }

    #[test]
    fn what_is_generated_parses_as_its_kind_alone_and_hashes_to_the_same() {
        let token = OpaqueToken::<One>::generate(&Ambient::system());
        let again = OpaqueToken::<One>::parse(token.expose()).unwrap();
        assert_eq!(token.hash(), again.hash());
        let bits = token.expose().strip_prefix("tillone_").unwrap();
        assert!(!format!("{token:?}").contains(bits), "{token:?}");
        let shorter = token.expose().split_at(50).0;
        let broken = format!("{shorter}+");
        for wrong in ["", "tillone_", "tillone_short", bits, shorter, &broken] {
            assert!(OpaqueToken::<One>::parse(wrong).is_none(), "{wrong}");
        }
        assert!(OpaqueToken::<Other>::parse(token.expose()).is_none());
        assert!(OpaqueToken::<Other>::parse(&format!("tillother_{bits}")).is_some());
    }

    #[test]
    fn two_tokens_differ() {
        let make = || OpaqueToken::<One>::generate(&Ambient::system()).hash();
        assert_ne!(make(), make());
    }
}
