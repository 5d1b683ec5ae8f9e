//! A collector of traces (OTLP over HTTP, protobuf) that keeps what it takes; it can be told to answer nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::directory::PATIENCE;

/// A span as it was exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    pub service: String,
    pub trace: String,
    pub id: String,
    /// Empty where the trace begins.
    pub parent: String,
    pub name: String,
    /// `server`, `client` …
    pub kind: String,
    pub failed: bool,
    pub attributes: BTreeMap<String, String>,
    /// The traces it points to.
    pub links: Vec<String>,
    /// Nanoseconds since 1970.
    pub start: u64,
    pub end: u64,
}

impl Span {
    /// The attribute's value; empty where there is none.
    pub fn of(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }
}

/// The running collector.
#[derive(Debug, Clone)]
pub struct Collector {
    pub address: SocketAddr,
    state: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    spans: Mutex<Vec<Span>>,
    /// Every export as it came, undecoded.
    raw: Mutex<Vec<Bytes>>,
    headers: Mutex<Vec<HeaderMap>>,
    hanging: Mutex<bool>,
    changed: Notify,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Inner::default());
        let router = Router::new().fallback(take).with_state(Arc::clone(&state));
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        Self { address, state }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is set to.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it takes connections and answers nothing.
    pub fn hang(&self) {
        *self.state.hanging.lock().unwrap() = true;
    }

    pub fn spans(&self) -> Vec<Span> {
        self.state.spans.lock().unwrap().clone()
    }

    /// The header fields of every export.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.state.headers.lock().unwrap().clone()
    }

    /// Whether any export has this text in it, wherever.
    pub fn holds(&self, text: &str) -> bool {
        let raw = self.state.raw.lock().unwrap();
        raw.iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    }

    /// How many exports came, answered or not.
    pub fn exports(&self) -> usize {
        self.state.raw.lock().unwrap().len()
    }

    /// Waits until this holds of what came.
    pub async fn wait_until(&self, holds: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let waiting = async {
            loop {
                let changed = self.state.changed.notified();
                let spans = self.spans();
                if holds(&spans) {
                    return spans;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_elapsed| {
            let names: Vec<_> = self.spans().into_iter().map(|span| span.name).collect();
            unreachable!("it never held of {names:?}")
        })
    }

    /// Waits until so many exports came.
    pub async fn wait_for_exports(&self, exports: usize) {
        let waiting = async {
            loop {
                let changed = self.state.changed.notified();
                if self.exports() >= exports {
                    return;
                }
                changed.await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(came.is_ok(), "{} exports came instead of {exports}", self.exports());
    }
}

async fn take(
    State(state): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    assert_eq!(uri.path(), "/v1/traces");
    let export = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    let hanging = *state.hanging.lock().unwrap();
    state.raw.lock().unwrap().push(body);
    state.headers.lock().unwrap().push(headers);
    if !hanging {
        state.spans.lock().unwrap().extend(spans_of(export));
    }
    state.changed.notify_waiters();
    if hanging {
        std::future::pending::<()>().await;
    }
    StatusCode::OK
}

fn spans_of(export: ExportTraceServiceRequest) -> Vec<Span> {
    let of_resource = |one: v1::ResourceSpans| {
        let resource = texts(one.resource.unwrap_or_default().attributes);
        let service = resource.get("service.name").cloned().unwrap_or_default();
        let spans = one.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.map(|span| read(span, &service)).collect::<Vec<_>>()
    };
    export.resource_spans.into_iter().flat_map(of_resource).collect()
}

fn read(span: v1::Span, service: &str) -> Span {
    let kind = span.kind().as_str_name().trim_start_matches("SPAN_KIND_").to_ascii_lowercase();
    let failed = span.status.as_ref().is_some_and(|status| status.code == 2);
    Span {
        service: service.to_owned(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name,
        kind,
        failed,
        attributes: texts(span.attributes),
        links: span.links.iter().map(|link| hex(&link.trace_id)).collect(),
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
    }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|one| (one.key, text(one.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
