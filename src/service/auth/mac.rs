//! Keyed digests (HMAC-SHA-256) under a derived key; what is kept apart by which words is its callers' business.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;

use crate::config::DerivedKey;

/// `purpose` keeps the uses of one key apart. The parts are of fixed lengths, or one.
pub(in crate::service) fn mac(key: &DerivedKey, purpose: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a short key with zeros up to the hash's block (RFC 2104 §2); done here, it cannot fail.
    let mut block = Zeroizing::new([0_u8; 64]);
    for (place, byte) in block.iter_mut().zip(key.expose_secret()) {
        *place = *byte;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(purpose);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
