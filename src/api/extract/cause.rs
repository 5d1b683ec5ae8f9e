//! What a use case is told about the request behind it: its id and its trace; decides nothing.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::api::middleware::RequestId;
use crate::api::problem::{Problem, ProblemCode};
use crate::service::Cause;
use crate::trace_context;

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
        let caller = || trace_context::received(&parts.headers).map(|parent| parent.to_string());
        let trace_parent = trace_context::current().or_else(caller);
        Ok(Self(Cause { request_id: id.0.to_string(), trace_parent }))
    }
}
