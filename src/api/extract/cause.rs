//! What a use case is told about the request behind it: its id and its trace; decides nothing.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::api::middleware::RequestId;
use crate::api::problem::{Problem, ProblemCode};
use crate::domain::trace_parent::parse_trace_parent;
use crate::service::Cause;

const TRACE_PARENT: &str = "traceparent";

/// The cause that use cases write beside their messages.
#[derive(Debug, Clone)]
pub struct RequestCause(pub Cause);

impl<S: Send + Sync> FromRequestParts<S> for RequestCause {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The outermost layer names every request; without it nothing could be found again.
        let id = parts
            .extensions
            .get::<RequestId>()
            .ok_or_else(|| Problem::new(ProblemCode::InternalError))?;
        Ok(Self(Cause { request_id: id.0.clone(), trace_parent: trace_parent(&parts.headers) }))
    }
}

/// One that was sent twice is none (W3C Trace Context §3.2).
fn trace_parent(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(TRACE_PARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    parse_trace_parent(value.to_str().ok()?)
}
