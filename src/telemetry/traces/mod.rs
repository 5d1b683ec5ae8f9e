//! Spans on their way to a collector (OTLP over HTTP): what is recorded, how it is named, and what happens when nobody
//! takes it; no part of the business knows of it.
//!
//! The way of a span: a layer of its own, which sees our spans and nobody else's ([`ours`]); the [`sampler`], which
//! decides where a trace begins; the [`queue`], bounded, where it waits; and a thread of its own, which gives spans the names
//! of the conventions ([`conventions`]) and hands them over in batches. Nobody waits for that thread but the stop, and the
//! stop not longer than [`FLUSH`].

mod conventions;
mod exporter;
mod ours;
mod queue;
mod sampler;

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanLimits,
};
use secrecy::ExposeSecret;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, Registry};
use uuid::Uuid;

use crate::config::Traces;
use exporter::Exporter;
use ours::OurSpans;
use queue::{Places, Queue};
use sampler::HouseSampler;

/// Longest time that the stop waits for what is not exported yet. With the longest stop that is set by default it ends
/// before Kubernetes loses patience (30 s).
const FLUSH: Duration = Duration::from_secs(3);

/// Spans that may wait or be under way; about 1 KiB each.
const WAITING: usize = 8_192;
/// Spans in one request.
const BATCH: usize = 512;
/// Longest time that a span waits for others.
const DELAY: Duration = Duration::from_secs(1);
/// Longest time of one export, its repetitions included.
const EXPORTED_WITHIN: Duration = Duration::from_secs(2);
const CONNECTED_WITHIN: Duration = Duration::from_secs(1);

/// Attributes of one span; none of ours has as many.
const MOST_ATTRIBUTES: u32 = 32;
/// Links of one span: as many as the messages of a batch.
const MOST_LINKS: u32 = 128;

/// Spans can't be exported.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// A variable of OpenTelemetry's that is none of our settings says what can't be done.
    #[error("the exporter of traces can't be set up: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The TLS set-up of the machine.
    #[error("the exporter of traces can't be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// Hands over what still waits when it is dropped, within a bound; it blocks, so not in a task.
#[derive(Debug)]
pub struct TracesGuard {
    provider: SdkTracerProvider,
}

/// The layer that records spans, and what flushes them at the end. Call it and drop the guard outside the runtime: the
/// client brings its own.
///
/// # Errors
/// [`TracesError`]. Whether a collector is there is not asked.
pub fn layer(
    settings: &Traces,
    instance: Uuid,
) -> Result<(impl Layer<Registry> + Send + Sync, TracesGuard), TracesError> {
    let places = Places::new(WAITING);
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(WAITING)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(DELAY)
        .build();
    let exporter = Exporter::new(otlp(settings)?, places.clone());
    let batches = BatchSpanProcessor::new(exporter, config);
    let provider = SdkTracerProvider::builder()
        .with_resource(resource(settings, instance))
        .with_sampler(HouseSampler::new(settings.sampling))
        .with_span_limits(SpanLimits {
            max_attributes_per_span: MOST_ATTRIBUTES,
            max_links_per_span: MOST_LINKS,
            ..SpanLimits::default()
        })
        .with_span_processor(Queue::new(batches, places))
        .build();
    let layer = OpenTelemetryLayer::new(provider.tracer("till"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false);
    Ok((layer.with_filter(OurSpans), TracesGuard { provider }))
}

fn otlp(settings: &Traces) -> Result<SpanExporter, TracesError> {
    let client = reqwest::blocking::Client::builder()
        .connect_timeout(CONNECTED_WITHIN)
        .timeout(EXPORTED_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let headers: HashMap<String, String> = settings
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()))
        .collect();
    Ok(SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(settings.endpoint.as_str())
        .with_headers(headers)
        .with_timeout(EXPORTED_WITHIN)
        .build()?)
}

/// Who exports (OpenTelemetry's resource conventions).
fn resource(settings: &Traces, instance: Uuid) -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", settings.service_name.clone()),
            KeyValue::new("service.namespace", "till"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_string()),
            KeyValue::new("telemetry.sdk.name", "opentelemetry"),
            KeyValue::new("telemetry.sdk.language", "rust"),
        ])
        .build()
}

impl Drop for TracesGuard {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "not all spans could be exported before the end");
        }
    }
}
