//! Decides where a trace begins and which traces are recorded; what follows in the same process follows that decision.
//!
//! A trace begins with a request, with a message, or with work that a timer found. It never begins with the look for work:
//! those looks are many a second, and find nothing. What a probe asks is none either.

use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use crate::config::{Callers, Sampling};

/// Spans of work that nobody asked for just now: what has been found is in hand.
const BEGINNINGS: [&str; 5] = [
    "worker.deliver",
    "worker.relay",
    "service.payments.reconcile",
    "service.webhooks.deliver",
    "service.jobs.run",
];

/// Routes that balancers and supervisors ask every few seconds; the last is how we ask whether the provider is there.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/v1/operations"];

/// The sampler of all our programs.
#[derive(Debug, Clone)]
pub(super) struct HouseSampler {
    ratio: Sampler,
    callers: Callers,
}

impl HouseSampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        Self { ratio: Sampler::TraceIdRatioBased(sampling.ratio), callers: sampling.callers }
    }

    fn is_recorded(
        &self,
        trace: TraceId,
        parent: &SpanContext,
        begins: impl FnOnce() -> bool,
    ) -> bool {
        let by_ratio = || {
            let asked = self.ratio.should_sample(None, trace, "", &SpanKind::Internal, &[], &[]);
            asked.decision == SamplingDecision::RecordAndSample
        };
        match (parent.is_valid(), self.callers) {
            (false, _) => begins() && by_ratio(),
            (true, Callers::Ignored) if parent.is_remote() => by_ratio(),
            (true, Callers::Decide | Callers::Ignored) => parent.is_sampled(),
        }
    }
}

impl ShouldSample for HouseSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let parent = parent.map(TraceContextExt::span);
        let none = SpanContext::NONE;
        let parent = parent.as_ref().map_or(&none, |span| span.span_context());
        let recorded = self.is_recorded(trace_id, parent, || begins(name, kind, attributes));
        SamplingResult {
            decision: if recorded {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: parent.trace_state().clone(),
        }
    }
}

fn begins(name: &str, kind: &SpanKind, attributes: &[KeyValue]) -> bool {
    match kind {
        SpanKind::Server => !attributes.iter().any(|attribute| {
            let value = attribute.value.as_str();
            attribute.key.as_str() == "http.route" && PROBES.contains(&&*value)
        }),
        SpanKind::Producer | SpanKind::Consumer => true,
        SpanKind::Client | SpanKind::Internal => BEGINNINGS.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{
        SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState,
    };
    use opentelemetry::{Context, KeyValue};
    use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};

    use super::HouseSampler;
    use crate::config::{Callers, Sampling};

    /// Low in its last eight bytes, and so taken by every ratio but zero.
    const TRACE: TraceId = TraceId::from_bytes([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

    #[derive(Clone, Copy)]
    enum Parent {
        None,
        Here(bool),
        Caller(bool),
    }

    fn recorded(sampling: (f64, Callers), parent: Parent, (name, kind): (&str, SpanKind)) -> bool {
        let context = |sampled: bool, remote: bool| {
            let flags = TraceFlags::default().with_sampled(sampled);
            let span = SpanId::from(7);
            let state = TraceState::default();
            let span = SpanContext::new(TRACE, span, flags, remote, state);
            Context::new().with_remote_span_context(span)
        };
        let parent = match parent {
            Parent::None => Context::new(),
            Parent::Here(sampled) => context(sampled, false),
            Parent::Caller(sampled) => context(sampled, true),
        };
        let sampler = HouseSampler::new(Sampling { ratio: sampling.0, callers: sampling.1 });
        let asked = sampler.should_sample(Some(&parent), TRACE, name, &kind, &[], &[]);
        asked.decision == SamplingDecision::RecordAndSample
    }

    const REQUEST: (&str, SpanKind) = ("http.request", SpanKind::Server);
    const LOOK: (&str, SpanKind) = ("store.outbox.lease_due", SpanKind::Internal);

    #[test]
    fn a_caller_decides_unless_it_is_ignored() {
        for said in [true, false] {
            assert_eq!(recorded((0.0, Callers::Decide), Parent::Caller(said), REQUEST), said);
            assert_eq!(recorded((1.0, Callers::Decide), Parent::Caller(said), REQUEST), said);
            assert!(!recorded((0.0, Callers::Ignored), Parent::Caller(said), REQUEST));
            assert!(recorded((1.0, Callers::Ignored), Parent::Caller(said), REQUEST));
        }
    }

    #[test]
    fn what_follows_in_the_process_follows_whatever_was_decided() {
        for callers in [Callers::Decide, Callers::Ignored] {
            assert!(recorded((0.0, callers), Parent::Here(true), LOOK));
            assert!(!recorded((1.0, callers), Parent::Here(false), REQUEST));
        }
    }

    #[test]
    fn a_request_begins_a_trace_by_the_ratio_and_a_look_for_work_begins_none() {
        assert!(recorded((0.5, Callers::Decide), Parent::None, REQUEST));
        assert!(!recorded((0.0, Callers::Decide), Parent::None, REQUEST));
        assert!(!recorded((1.0, Callers::Decide), Parent::None, LOOK));
        assert!(!recorded((1.0, Callers::Ignored), Parent::None, LOOK));
        let found = ("service.payments.reconcile", SpanKind::Internal);
        assert!(recorded((1.0, Callers::Decide), Parent::None, found));
    }

    #[test]
    fn a_probe_begins_no_trace() {
        let route = [KeyValue::new("http.route", "/readyz")];
        assert!(!super::begins("http.request", &SpanKind::Server, &route));
    }
}
