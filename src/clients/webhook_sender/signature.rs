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
    let signatures: Vec<_> = message
        .secrets
        .iter()
        .filter_map(|secret| mac(message, secret))
        .map(|mac| format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        .collect();
    signatures.join(" ")
}

/// Whether one of these signatures was made of this message with one of its secrets.
pub fn verifies(message: &SignedMessage<'_>, signatures: &str) -> bool {
    let given: Vec<Vec<u8>> = signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .collect();
    let macs = message.secrets.iter().filter_map(|secret| mac(message, secret));
    macs.into_iter().any(|mac| given.iter().any(|given| mac.clone().verify_slice(given).is_ok()))
}

fn mac(message: &SignedMessage<'_>, secret: &SigningSecret) -> Option<Hmac<Sha256>> {
    // A key of any length is taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret()).ok()?;
    mac.update(format!("{}.{}.", message.id, message.at.unix_timestamp()).as_bytes());
    mac.update(message.body);
    Some(mac)
}
