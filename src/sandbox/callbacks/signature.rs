//! Signs call-backs as Standard Webhooks 1.0 says (symmetric, `v1`); does not verify and does not send.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac, digest::InvalidLength};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use crate::sandbox::ids::EventId;

/// The value of `webhook-signature` over `{id}.{timestamp}.{body}`.
///
/// # Errors
/// [`InvalidLength`] is what the MAC's interface allows for; HMAC takes a key of any length.
pub fn sign(
    secret: &SecretSlice<u8>,
    id: EventId,
    timestamp: i64,
    body: &str,
) -> Result<String, InvalidLength> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret())?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}
