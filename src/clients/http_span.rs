//! A request to a neighbour as a span: whom it asked, what the status was and how it failed; never what was said. The
//! neighbour is told whose work it continues.
//!
//! `url.full` is left out: the address of a customer's webhook endpoint may itself be a secret.

use reqwest::{Client, Error, Request, RequestBuilder, Response};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::trace_context;

/// What a request is one of, where its path is ours to name: a template such as `/v1/charges/{id}`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path {
    Template(&'static str),
    /// Somebody else's.
    Unnamed,
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn send(request: RequestBuilder, path: Path) -> Result<Response, Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let span = open(&request, path);
    traced(client, request).instrument(span).await
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
