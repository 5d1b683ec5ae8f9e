//! From the house's names to those of OpenTelemetry's semantic conventions, on the way out: code and log lines keep the
//! house's, and nobody waits while a name is made.
//!
//! | span of the house | exported as |
//! | --- | --- |
//! | `http.request`, `http.client` | `{method} {route or template}` |
//! | `store.orders.insert` | client span `insert orders` of `postgresql`; the house's name is its `code.function.name` |
//! | `db.commit` | client span `COMMIT` of `postgresql` |
//! | `redis.call` | client span of `redis`, by its operation |
//! | `worker.publish` | producer span `publish {topic}` |
//! | `worker.deliver` | consumer span `process {queue}` |
//! | everything else | as it is |

use std::borrow::Cow;

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

use crate::trace_context::TRACE_ID;

pub(super) fn apply(span: &mut SpanData) {
    // For log lines alone: a span has it anyhow.
    span.attributes.retain(|attribute| attribute.key.as_str() != TRACE_ID);
    match span.name.as_ref() {
        "http.request" => http(span, "http.route", 500),
        "http.client" => http(span, "url.template", 400),
        "db.commit" => database(span, "postgresql", "COMMIT".to_owned()),
        "redis.call" => {
            let summary = text(span, "db.query.summary").unwrap_or_default();
            database(span, "redis", summary);
        }
        "worker.publish" => message(span, "publish"),
        "worker.deliver" => {
            rename(span, "consumer", "messaging.destination.name");
            rename(span, "message_id", "messaging.message.id");
            span.span_kind = SpanKind::Consumer;
            message(span, "process");
        }
        name => {
            if let Some(query) = name.strip_prefix("store.").map(str::to_owned) {
                query_span(span, &query);
            }
        }
    }
}

/// A failure has the kind that its status is, unless it has one already.
fn http(span: &mut SpanData, template: &'static str, failed_from: i64) {
    // "HTTP" stands for whatever method a stranger makes up.
    let method = match text(span, "http.request.method").as_deref() {
        None | Some("_OTHER") => "HTTP".to_owned(),
        Some(known) => known.to_owned(),
    };
    span.name = match text(span, template) {
        Some(template) => format!("{method} {template}").into(),
        None => method.into(),
    };
    let status = match value(span, "http.response.status_code") {
        Some(Value::I64(status)) => Some(*status),
        _ => None,
    };
    if let Some(status) = status.filter(|status| *status >= failed_from) {
        fail(span, status.to_string());
    }
}

fn fail(span: &mut SpanData, kind: String) {
    if value(span, "error.type").is_none() {
        add(span, "error.type", kind);
    }
    if span.status == Status::Unset {
        span.status = Status::error("");
    }
}

/// `query`: a function of `store`, which is one statement or one step: `orders.insert`, `check.orders.list`.
fn query_span(span: &mut SpanData, query: &str) {
    let (place, act) = query.rsplit_once('.').unwrap_or((query, ""));
    let function = format!("till::store::{}", query.replace('.', "::"));
    let summary = format!("{act} {place}");
    add(span, "db.query.summary", summary.clone());
    add(span, "code.function.name", function);
    database(span, "postgresql", summary);
}

fn database(span: &mut SpanData, system: &'static str, name: String) {
    span.span_kind = SpanKind::Client;
    span.name = name.into();
    add(span, "db.system.name", system);
}

fn message(span: &mut SpanData, operation: &'static str) {
    let destination = text(span, "messaging.destination.name").unwrap_or_default();
    span.name = format!("{operation} {destination}").into();
}

fn rename(span: &mut SpanData, from: &str, to: &'static str) {
    for attribute in span.attributes.iter_mut().filter(|one| one.key.as_str() == from) {
        attribute.key = Key::from_static_str(to);
    }
}

fn add(span: &mut SpanData, key: &'static str, value: impl Into<Value>) {
    span.attributes.push(KeyValue::new(Key::from_static_str(key), value));
}

fn value<'a>(span: &'a SpanData, key: &str) -> Option<&'a Value> {
    span.attributes.iter().find(|one| one.key.as_str() == key).map(|one| &one.value)
}

fn text(span: &SpanData, key: &str) -> Option<String> {
    value(span, key).map(|value| Cow::into_owned(value.as_str()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
    use opentelemetry::{InstrumentationScope, KeyValue, Value};
    use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

    use super::apply;

    fn exported(name: &'static str, attributes: &[(&'static str, Value)]) -> SpanData {
        let attributes = attributes.iter().cloned().map(|(key, value)| KeyValue::new(key, value));
        let mut span = SpanData {
            span_context: SpanContext::NONE,
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: SystemTime::UNIX_EPOCH,
            end_time: SystemTime::UNIX_EPOCH,
            attributes: attributes.collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        };
        apply(&mut span);
        span
    }

    fn of(span: &SpanData, key: &str) -> String {
        super::text(span, key).unwrap_or_default()
    }

    #[test]
    fn a_request_is_named_by_its_method_and_route() {
        let get = ("http.request.method", "GET".into());
        let route = ("http.route", "/v1/orders/{orderId}".into());
        assert_eq!(
            exported("http.request", &[get.clone(), route]).name,
            "GET /v1/orders/{orderId}"
        );
        assert_eq!(exported("http.request", &[get]).name, "GET");
        let odd = ("http.request.method", "_OTHER".into());
        assert_eq!(exported("http.request", &[odd]).name, "HTTP");
    }

    #[test]
    fn a_servers_failure_is_an_error_and_a_clients_mistake_is_one_only_to_the_client() {
        let status = |code: i64| [("http.response.status_code", Value::I64(code))];
        let server = exported("http.request", &status(503));
        assert_eq!((of(&server, "error.type"), server.status), ("503".into(), Status::error("")));
        assert_eq!(exported("http.request", &status(404)).status, Status::Unset);
        assert_eq!(exported("http.client", &status(404)).status, Status::error(""));
        assert_eq!(exported("http.client", &status(204)).status, Status::Unset);
    }

    #[test]
    fn a_query_keeps_the_houses_name_beside_the_conventions() {
        let query = exported("store.check.orders.list_broken", &[]);
        assert_eq!(
            (query.name.as_ref(), &query.span_kind),
            ("list_broken check.orders", &SpanKind::Client)
        );
        assert_eq!(of(&query, "db.query.summary"), "list_broken check.orders");
        assert_eq!(of(&query, "db.system.name"), "postgresql");
        assert_eq!(of(&query, "code.function.name"), "till::store::check::orders::list_broken");
    }

    #[test]
    fn the_log_lines_own_field_is_not_exported() {
        let span =
            exported("service.orders.place", &[("trace_id", "x".into()), ("kept", 1.into())]);
        assert_eq!((span.name.as_ref(), span.attributes.len()), ("service.orders.place", 1));
    }
}
