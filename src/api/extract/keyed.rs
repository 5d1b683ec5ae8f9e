//! A request under an `Idempotency-Key`: its key, what it is recognised by and what caused it, for the use case; it
//! stores and replays nothing.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;

use super::cause::RequestCause;
use super::idempotency_key::{RequiredKey, fingerprint};
use crate::api::problem::Problem;
use crate::domain::access::Principal;
use crate::domain::idempotency::{IdempotencyKey, KeyedRequest};
use crate::service::Cause;

/// The key of an operation that asks for one, and the request around it.
#[derive(Debug, Clone)]
pub struct Keyed {
    key: IdempotencyKey,
    method: Method,
    path: String,
    pub cause: Cause,
}

impl<S: Send + Sync> FromRequestParts<S> for Keyed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let RequiredKey(key) = RequiredKey::from_request_parts(parts, state).await?;
        let RequestCause(cause) = RequestCause::from_request_parts(parts, state).await?;
        // A resource has one address, so that the path as it was sent is the path.
        let path = parts.uri.path().to_owned();
        Ok(Self { key, method: parts.method.clone(), path, cause })
    }
}

impl Keyed {
    /// The request as this caller's; `canonical`: its body by RFC 8785, empty where the operation takes none.
    pub fn request(&self, caller: &Principal, canonical: &[u8]) -> KeyedRequest {
        KeyedRequest {
            principal: caller.idempotency_scope(),
            key: self.key.clone(),
            fingerprint: fingerprint(self.method.as_str(), &self.path, canonical),
            request_id: self.cause.request_id.clone(),
        }
    }
}
