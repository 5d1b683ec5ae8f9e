//! Signatures of the Standard Webhooks specification, symmetric: HMAC-SHA256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::{SignedMessage, SigningSecret};

/// A secret as its owner is shown it, and as the specification's libraries take it: `whsec_…`.
pub fn shown(secret: &SigningSecret) -> SecretString {
    SecretString::from(format!("whsec_{}", STANDARD.encode(secret.expose_secret())))
}

/// One signature for each secret, separated by blanks.
pub(super) fn signatures(message: &SignedMessage<'_>) -> String {
    let signatures: Vec<_> =
        message.secrets.iter().filter_map(|secret| signature(message, secret)).collect();
    signatures.join(" ")
}

fn signature(message: &SignedMessage<'_>, secret: &SigningSecret) -> Option<String> {
    // A key of any length is taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret()).ok()?;
    mac.update(format!("{}.{}.", message.id, message.at.unix_timestamp()).as_bytes());
    mac.update(message.body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}
