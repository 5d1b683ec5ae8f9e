//! The trace that a piece of work is part of: taken over from whoever asked, handed on to whoever is asked next; it exports
//! nothing and knows no resource.
//!
//! Numbers of a span are `i64`: exporters write every other kind as text.
//!
//! A trace travels as W3C Trace Context: in the fields of a request, and as the text of `traceparent` in a row or in a
//! message. Where no spans are exported, a caller's trace is still carried on as it came. `tracestate` goes from a request
//! to the requests that it makes itself; a row or a message does not carry it.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use opentelemetry::trace::{
    SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, Value};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::domain::trace_parent::TraceParent;

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// As much of `tracestate` as must be passed on (§3.3.1.5), in bytes; a longer one is dropped.
const LONGEST_STATE: usize = 512;

/// The field of a span that log lines show, so that they meet the trace; exporters have it as the trace itself.
pub const TRACE_ID: &str = "trace_id";

/// A request's method for spans and metrics, bounded whatever a client sends: `_OTHER` for one that HTTP does not define
/// (OpenTelemetry's HTTP conventions).
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}

/// The caller's `traceparent`; one that was sent twice is none (§3.2).
pub fn received(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all(TRACE_PARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    TraceParent::parse(value.to_str().ok()?)
}

/// Makes a span that has not begun part of its caller's trace, or the beginning of a new one; its field `trace_id` tells.
pub fn continue_request(span: &Span, headers: &HeaderMap) {
    let parent = received(headers);
    begin(span, parent, parent.map(|_| state_of(headers)).unwrap_or_default());
}

/// Makes a span that has not begun part of a trace that was carried as text, or the beginning of a new one; its field
/// `trace_id` tells.
pub fn continue_carried(span: &Span, trace_parent: Option<&str>) {
    begin(span, trace_parent.and_then(TraceParent::parse), TraceState::default());
}

/// Lets a span point to work of another trace that it was done for.
pub fn link(span: &Span, trace_parent: &str) {
    if let Some(parent) = TraceParent::parse(trace_parent) {
        span.add_link(context_of(parent, TraceState::default()));
    }
}

/// Whether a carried trace is recorded by whoever handed it on; what begins here is not decided yet.
pub fn is_recorded(trace_parent: Option<&str>) -> bool {
    let parent = trace_parent.and_then(TraceParent::parse);
    parent.is_none_or(|parent| TraceFlags::new(parent.flags).is_sampled())
}

/// Whether a span that has begun is exported.
pub fn is_sampled(span: &Span) -> bool {
    span.context().span().span_context().is_sampled()
}

/// Adds what is exported and not logged.
pub fn add(span: &Span, key: &'static str, value: impl Into<Value>) {
    span.set_attribute(key, value);
}

/// Marks a span as failed, in a word out of few.
pub fn fail(span: &Span, kind: &'static str) {
    span.set_attribute("error.type", kind);
    span.set_status(Status::error(""));
}

/// Shows the trace of a span that has not been told of one, in its field `trace_id`.
pub fn show(span: &Span) {
    begin(span, None, TraceState::default());
}

/// What whoever continues the present work names as its parent; `None` where nothing is traced.
pub fn current() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let context = span.span_context();
    context.is_valid().then(|| text_of(context))
}

/// [`current`], or else the trace that was carried here.
pub fn current_or(carried: Option<&str>) -> Option<String> {
    current().or_else(|| carried.map(str::to_owned))
}

/// Tells the next one whose work it continues.
pub fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    let span = context.span();
    let context = span.span_context();
    if !context.is_valid() {
        return;
    }
    // Both are visible ASCII: what came otherwise was not taken.
    if let Ok(parent) = HeaderValue::try_from(text_of(context)) {
        headers.insert(TRACE_PARENT, parent);
    }
    let state = context.trace_state().header();
    if !state.is_empty()
        && let Ok(state) = HeaderValue::try_from(state)
    {
        headers.insert(TRACE_STATE, state);
    }
}

fn begin(span: &Span, parent: Option<TraceParent>, state: TraceState) {
    if let Some(parent) = parent {
        let remote = Context::new().with_remote_span_context(context_of(parent, state));
        // It fails where spans go nowhere but into the log.
        let _unexported = span.set_parent(remote);
    }
    let context = span.context();
    let own = context.span();
    let own = own.span_context();
    let trace_id = if own.is_valid() {
        Some(own.trace_id())
    } else {
        parent.map(|parent| TraceId::from(parent.trace_id))
    };
    if let Some(trace_id) = trace_id {
        span.record(TRACE_ID, tracing::field::display(trace_id));
    }
}

fn context_of(parent: TraceParent, state: TraceState) -> SpanContext {
    let TraceParent { trace_id, parent_id, flags } = parent;
    let (trace_id, parent_id) = (TraceId::from(trace_id), SpanId::from(parent_id));
    SpanContext::new(trace_id, parent_id, TraceFlags::new(flags), true, state)
}

fn text_of(context: &SpanContext) -> String {
    TraceParent {
        trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
        parent_id: u64::from_be_bytes(context.span_id().to_bytes()),
        // The others are for whoever sent them (§3.2.2.5).
        flags: (context.trace_flags() & TraceFlags::SAMPLED).to_u8(),
    }
    .to_string()
}

/// All its fields as one list (§3.3.1); one that can't be read is none.
fn state_of(headers: &HeaderMap) -> TraceState {
    let fields: Option<Vec<&str>> =
        headers.get_all(TRACE_STATE).iter().map(|field| field.to_str().ok()).collect();
    let list = fields.unwrap_or_default().join(",");
    if list.is_empty() || list.len() > LONGEST_STATE {
        return TraceState::default();
    }
    list.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::{
        continue_carried, continue_request, current, current_or, inject, is_recorded, method_name,
        received,
    };

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn parent(flags: &str) -> String {
        format!("00-{TRACE}-00f067aa0ba902b7-{flags}")
    }

    fn fields(fields: &[(&'static str, String)]) -> HeaderMap {
        let fields = fields.iter().map(|(name, value)| {
            (name.parse().expect("a name"), HeaderValue::try_from(value).expect("a value"))
        });
        let mut headers = HeaderMap::new();
        fields.for_each(|(name, value): (http::HeaderName, _)| {
            headers.append(name, value);
        });
        headers
    }

    /// What the next one is told by a request within a traced one that came with these fields.
    fn told(came: &[(&'static str, String)]) -> HeaderMap {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let layer = layer.with_context_activation(false);
        let mut told = HeaderMap::new();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("request");
            continue_request(&span, &fields(came));
            let _within = span.entered();
            inject(&mut told);
        });
        told
    }

    fn field(headers: &HeaderMap, name: &str) -> String {
        headers.get(name).map_or_else(String::new, |value| value.to_str().expect("text").to_owned())
    }

    #[test]
    fn the_next_one_is_told_the_callers_trace_and_our_own_span() {
        let state = ("tracestate", "shop=7,other=x".to_owned());
        let told = told(&[("traceparent", parent("01")), state]);
        let ours = field(&told, "traceparent");
        assert!(ours.starts_with(&format!("00-{TRACE}-")) && ours.ends_with("-01"), "{ours}");
        assert_ne!(ours, parent("01"));
        assert_eq!(field(&told, "tracestate"), "shop=7,other=x");
    }

    #[test]
    fn an_unrecorded_trace_stays_unrecorded() {
        let ours = field(&told(&[("traceparent", parent("00"))]), "traceparent");
        assert!(ours.contains(TRACE) && ours.ends_with("-00"), "{ours}");
    }

    #[test]
    fn a_state_that_is_too_long_or_without_a_trace_is_dropped() {
        let long = ("tracestate", format!("a={}", "x".repeat(600)));
        let with_trace = told(&[("traceparent", parent("01")), long]);
        assert!(field(&with_trace, "traceparent").contains(TRACE));
        assert_eq!(field(&with_trace, "tracestate"), "");
        let alone = told(&[("tracestate", "shop=7".to_owned())]);
        assert_eq!(field(&alone, "tracestate"), "");
        assert_eq!(field(&alone, "traceparent").len(), parent("01").len());
    }

    #[test]
    fn where_no_spans_are_exported_a_trace_is_carried_as_it_came() {
        let span = tracing::info_span!("alone");
        continue_carried(&span, Some(&parent("01")));
        let _within = span.entered();
        assert_eq!(current(), None);
        assert_eq!(current_or(Some(&parent("01"))), Some(parent("01")));
        let mut told = HeaderMap::new();
        inject(&mut told);
        assert!(told.is_empty());
    }

    #[test]
    fn a_method_that_a_client_made_up_has_no_name_of_its_own() {
        assert_eq!(method_name(&Method::PATCH), "PATCH");
        let made_up = Method::from_bytes(b"PROBE").expect("a method");
        assert_eq!(method_name(&made_up), "_OTHER");
    }

    #[test]
    fn a_trace_that_was_sent_twice_is_none() {
        let one = || ("traceparent", parent("01"));
        assert!(received(&fields(&[one()])).is_some());
        assert_eq!(received(&fields(&[one(), one()])), None);
        assert!(is_recorded(None) && is_recorded(Some(&parent("01"))));
        assert!(!is_recorded(Some(&parent("00"))));
    }
}
