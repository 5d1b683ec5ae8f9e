//! Secrets of 32 bytes at rest: AES-256-GCM (NIST SP 800-38D), nonce first, bound to the name of what they belong to.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};

use crate::config::DerivedKey;
use crate::domain::ambient::Ambient;

/// What is sealed: the seed of a signing key, the secret of a webhook endpoint.
pub(super) type Secret = SecretBox<[u8; 32]>;

/// It could not be sealed, or was sealed under another root key, or was changed.
#[derive(Debug, thiserror::Error)]
#[error("a sealed secret can't be opened with this TILL_SECRET_KEY")]
pub struct SealError;

pub(super) fn seal(
    key: &DerivedKey,
    ambient: &Ambient,
    name: &str,
    secret: &Secret,
) -> Result<Vec<u8>, SealError> {
    let nonce = ambient.bytes::<NONCE_LEN>();
    let mut text = Zeroizing::new(secret.expose_secret().to_vec());
    // The text grows by the tag in place; space kept now leaves no copy of the secret behind.
    text.reserve_exact(AES_256_GCM.tag_len());
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name.as_bytes()),
            &mut *text,
        )
        .map_err(|_unspecified| SealError)?;
    Ok([nonce.as_slice(), text.as_slice()].concat())
}

pub(super) fn open(key: &DerivedKey, name: &str, sealed: &[u8]) -> Result<Secret, SealError> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let secret = cipher(key)?
        .open_in_place(nonce, Aad::from(name.as_bytes()), &mut text)
        .map_err(|_unspecified| SealError)?;
    let secret = Zeroizing::new(<[u8; 32]>::try_from(&*secret).map_err(|_unspecified| SealError)?);
    Ok(SecretBox::init_with(|| *secret))
}

fn cipher(key: &DerivedKey) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key.expose_secret())
        .map(LessSafeKey::new)
        .map_err(|_unspecified| SealError)
}

#[cfg(test)]
mod tests {
    use secrecy::{ExposeSecret, SecretBox};

    use super::{open, seal};
    use crate::config::RootKey;
    use crate::domain::ambient::Ambient;

    #[test]
    fn a_secret_opens_under_its_own_key_and_name_only() {
        let (key, other) = (RootKey::new([1; 32]).derive("a"), RootKey::new([2; 32]).derive("a"));
        let secret = SecretBox::new(Box::new([9; 32]));
        let sealed = seal(&key, &Ambient::system(), "kid", &secret).unwrap();
        assert_eq!(open(&key, "kid", &sealed).unwrap().expose_secret(), secret.expose_secret());
        assert!(open(&other, "kid", &sealed).is_err());
        assert!(open(&key, "another", &sealed).is_err());
        assert!(open(&key, "kid", &sealed[1..]).is_err());
        assert!(open(&key, "kid", &[]).is_err());
    }
}
