//! A call that may be repeated: its key, what its fingerprint covers beside the body, and its cause; stores nothing.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;

use super::cause::RequestCause;
use super::idempotency_key::{OptionalKey, RequiredKey, fingerprint};
use crate::api::problem::Problem;
use crate::domain::access::Principal;
use crate::domain::idempotency::{IdempotencyKey, KeyedRequest};
use crate::service::Cause;

/// A call of an operation that asks for a key.
#[derive(Debug)]
pub struct KeyedCall {
    key: IdempotencyKey,
    line: RequestLine,
    pub cause: Cause,
}

/// A call of an operation that takes a key.
#[derive(Debug)]
pub struct MaybeKeyedCall {
    key: Option<IdempotencyKey>,
    line: RequestLine,
    pub cause: Cause,
}

/// An id has one spelling ([`super::PathId`]), so that one operation has one path.
#[derive(Debug)]
struct RequestLine {
    method: Method,
    path: String,
}

impl RequestLine {
    fn of(parts: &Parts) -> Self {
        Self { method: parts.method.clone(), path: parts.uri.path().to_owned() }
    }

    fn under(
        &self,
        key: &IdempotencyKey,
        caller: &Principal,
        cause: &Cause,
        canonical: &[u8],
    ) -> KeyedRequest {
        KeyedRequest {
            principal: caller.idempotency_scope(),
            key: key.clone(),
            fingerprint: fingerprint(self.method.as_str(), &self.path, canonical),
            request_id: cause.request_id.clone(),
        }
    }
}

impl KeyedCall {
    /// The request as idempotency sees it; `canonical` is its body's.
    pub fn request(&self, caller: &Principal, canonical: &[u8]) -> KeyedRequest {
        self.line.under(&self.key, caller, &self.cause, canonical)
    }
}

impl MaybeKeyedCall {
    /// The same, where the call has a key.
    pub fn request(&self, caller: &Principal, canonical: &[u8]) -> Option<KeyedRequest> {
        let key = self.key.as_ref()?;
        Some(self.line.under(key, caller, &self.cause, canonical))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for KeyedCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let RequiredKey(key) = RequiredKey::from_request_parts(parts, state).await?;
        let RequestCause(cause) = RequestCause::from_request_parts(parts, state).await?;
        Ok(Self { key, line: RequestLine::of(parts), cause })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeKeyedCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let OptionalKey(key) = OptionalKey::from_request_parts(parts, state).await?;
        let RequestCause(cause) = RequestCause::from_request_parts(parts, state).await?;
        Ok(Self { key, line: RequestLine::of(parts), cause })
    }
}
