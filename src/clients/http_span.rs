//! A request to a neighbour as a span and as a metric: whom it asked, what the status was, how long it took and how it
//! failed; never what was said. The neighbour is told whose work it continues.
//!
//! Names are those of OpenTelemetry's conventions for HTTP clients. `url.full` is left out: the address of a customer's
//! webhook endpoint may itself be a secret.

use metrics::{Label, histogram};
use reqwest::{Client, Error, Request, RequestBuilder, Response};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::trace_context;

/// What a request is one of, where its path is ours to name: a template such as `/v1/charges/{id}`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path {
    Template(&'static str),
    /// Somebody else's, and their address, too: no label of a metric.
    Unnamed,
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn send(request: RequestBuilder, path: Path) -> Result<Response, Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let span = open(&request, path);
    let labels = labels(&request, path);
    let began = Instant::now();
    let answer = traced(client, request).instrument(span).await;
    if let Some(labels) = labels {
        record(labels, &answer, began);
    }
    answer
}

async fn traced(client: Client, mut request: Request) -> Result<Response, Error> {
    trace_context::inject(request.headers_mut());
    let answer = client.execute(request).await;
    let span = Span::current();
    match &answer {
        Ok(answer) => span.record("http.response.status_code", i64::from(answer.status().as_u16())),
        Err(error) => span.record("error.type", kind_of(error)).record("otel.status_code", "ERROR"),
    };
    answer
}

fn open(request: &Request, path: Path) -> Span {
    let span = debug_span!(
        "http.client",
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        url.template = Empty,
        server.address = request.url().host_str(),
        server.port = request.url().port_or_known_default().map(i64::from),
        http.response.status_code = Empty,
        error.type = Empty,
    );
    if let Path::Template(template) = path {
        span.record("url.template", template);
    }
    span
}

fn labels(request: &Request, path: Path) -> Option<Vec<Label>> {
    let Path::Template(template) = path else { return None };
    let url = request.url();
    let port = url.port_or_known_default().unwrap_or_default();
    Some(vec![
        Label::new("http_request_method", request.method().to_string()),
        Label::new("server_address", url.host_str().unwrap_or_default().to_owned()),
        Label::new("server_port", port.to_string()),
        Label::from_static_parts("url_template", template),
    ])
}

fn record(mut labels: Vec<Label>, answer: &Result<Response, Error>, began: Instant) {
    match answer {
        Ok(answer) => {
            let status = answer.status();
            let code = status.as_str().to_owned();
            if status.is_client_error() || status.is_server_error() {
                labels.push(Label::new("error_type", code.clone()));
            }
            labels.push(Label::new("http_response_status_code", code));
        }
        Err(error) => labels.push(Label::from_static_parts("error_type", kind_of(error))),
    }
    histogram!("http_client_request_duration_seconds", labels).record(began.elapsed());
}

/// Bounded, and nothing of the error's own words.
fn kind_of(error: &Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "broken"
    }
}
