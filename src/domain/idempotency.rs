//! The key a client gives an operation so that repeating it does nothing twice, and what such a request is known by.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Violation;

/// 1–255 visible ASCII characters (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// # Errors
    /// `invalid_format` where it is empty, longer than 255 or has other than visible ASCII characters.
    pub fn parse(key: &str) -> Result<Self, Violation> {
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.is_empty() || key.len() > 255 || !visible {
            return Err(Violation::new(
                "invalid_format",
                "must be 1 to 255 visible ASCII characters",
            ));
        }
        Ok(Self(key.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 over method, path and canonical body: tells a repeated request from another one under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// A request as idempotency sees it.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    /// The user or client, never the token: a renewed token repeats the same request.
    pub principal: Uuid,
    pub key: IdempotencyKey,
    pub fingerprint: Fingerprint,
    /// The id of the request that asks; a replay answers with that of the first one.
    pub request_id: String,
}
