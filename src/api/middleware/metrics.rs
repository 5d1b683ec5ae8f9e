//! Counts and times requests; every label is bounded, so that no client can grow the set of series.

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use metrics::{Gauge, Label, gauge, histogram};
use tokio::time::Instant;

use super::around::{Around, Inner};
use crate::trace_context;

/// Records how long the answer took until its head, and how many requests are being answered.
#[derive(Debug, Clone)]
pub(super) struct Measured;

impl Around for Measured {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let method = trace_context::method_name(request.method());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let active = Active::begin(method);
        let begun = Instant::now();
        let answer = inner.begin(request);
        async move {
            let response = answer.await;
            record(method, route, &response, begun);
            drop(active);
            response
        }
    }
}

fn record(method: &'static str, route: Option<MatchedPath>, response: &Response, begun: Instant) {
    let status = response.status();
    let mut labels = vec![
        Label::from_static_parts("http_request_method", method),
        Label::new("http_response_status_code", status.as_str().to_owned()),
        // A proxy may have spoken another one; this is what was heard here.
        Label::from_static_parts("url_scheme", "http"),
    ];
    if status.is_server_error() {
        labels.push(Label::new("error_type", status.as_str().to_owned()));
    }
    if let Some(route) = route {
        labels.push(Label::new("http_route", route.as_str().to_owned()));
    }
    histogram!("http_server_request_duration_seconds", labels).record(begun.elapsed());
}

/// Counts itself out again when it is dropped, so that a client that goes away is not counted for ever.
struct Active(Gauge);

impl Active {
    fn begin(method: &'static str) -> Self {
        let active = gauge!("http_server_active_requests", "http_request_method" => method);
        active.increment(1.0);
        Self(active)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
