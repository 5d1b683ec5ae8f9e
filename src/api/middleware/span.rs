//! One span around each request and one event when it is answered; causes of failures are logged by `problems`.

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span};

use super::around::{Around, Inner};
use super::{load_shed, request_id, url_limit};
use crate::trace_context;

#[derive(Debug, Clone)]
pub(super) struct Spans;

impl Around for Spans {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let span = open(&request);
        let begun = Instant::now();
        let answer = span.in_scope(|| inner.begin(request));
        let answer = async move {
            let response = answer.await;
            close(&response, begun);
            response
        };
        answer.instrument(span)
    }
}

fn open(request: &Request) -> Span {
    let span = info_span!(
        "http.request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = trace_context::method_name(request.method()),
        http.route = Empty,
        http.response.status_code = Empty,
        url.path = url_limit::shown_path(request.uri()),
        trace_id = Empty,
        request_id = &*request_id::of(request),
    );
    // A template, so absent where nothing matched: what a stranger types is no route.
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        span.record("http.route", route.as_str());
    }
    trace_context::add(&span, "url.scheme", "http");
    trace_context::continue_request(&span, request.headers());
    span
}

fn close(response: &Response, begun: Instant) {
    let status = response.status();
    let span = Span::current();
    span.record("http.response.status_code", i64::from(status.as_u16()));
    // A client's mistake is no failure of the server (OpenTelemetry's HTTP conventions).
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    // A line for each would cost more than the refusal.
    if load_shed::was_shed(response) {
        return;
    }
    // Read only where the line is written.
    let milliseconds = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    info!(status = status.as_u16(), milliseconds = milliseconds(), "request answered");
}
