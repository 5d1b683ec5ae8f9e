//! Which spans are exported: our own, down to queries; no log lines, and nobody else's spans.
//!
//! The exporter's own client makes spans, too: exported they would beget others without end. Log lines have a place of
//! their own, where the trace's id finds them.

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

/// The filter of the exporting layer alone.
///
/// It is asked at each span, although its answer is always the same: what a filter has said is kept in the thread until
/// the span or event is made, and a library that asks whether a line would be logged, and then logs none, leaves an answer
/// behind (sqlx does so at every statement). The next span would inherit it, and be lost.
#[derive(Debug)]
pub(super) struct OurSpans;

impl<S: Subscriber> Filter<S> for OurSpans {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        is_ours(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    metadata.is_span() && (target == "till" || target.starts_with("till::"))
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{TraceContextExt, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::{EnvFilter, Layer};

    use super::OurSpans;

    /// Whether this span would be exported by a process that logs at `info`.
    fn exported(span: impl Fn() -> tracing::Span) -> bool {
        let provider = SdkTracerProvider::builder().build();
        let exporting = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let logging = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        let registry = tracing_subscriber::registry()
            .with(logging.with_filter(EnvFilter::new("info")))
            .with(exporting.with_filter(OurSpans));
        tracing::subscriber::with_default(registry, || {
            let _asked = tracing::enabled!(target: "sqlx::query", tracing::Level::WARN);
            span().context().span().span_context().is_valid()
        })
    }

    #[test]
    fn our_spans_are_exported_whatever_a_library_asked_before() {
        assert!(exported(|| tracing::info_span!("info")));
        assert!(exported(|| tracing::debug_span!("debug")));
        assert!(!exported(|| tracing::info_span!(target: "hyper", "theirs")));
        assert!(!exported(|| tracing::info_span!(target: "tiller", "theirs")));
    }
}
