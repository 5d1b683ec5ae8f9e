//! A span around each call, part of the caller's trace; it changes no answer.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, Span, debug_span, field::Empty};

use crate::trace_context;

/// The outermost layer, so that injected faults stand within the span.
pub async fn follow(request: Request, next: Next) -> Response {
    let span = debug_span!(
        "http.request",
        otel.kind = "server",
        http.request.method = trace_context::method_name(request.method()),
        http.route = Empty,
        http.response.status_code = Empty,
        url.scheme = "http",
        url.path = request.uri().path(),
        trace_id = Empty,
    );
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        span.record("http.route", route.as_str());
    }
    trace_context::continue_request(&span, request.headers());
    let answer = async {
        let response = next.run(request).await;
        let status = i64::from(response.status().as_u16());
        Span::current().record("http.response.status_code", status);
        response
    };
    answer.instrument(span).await
}
