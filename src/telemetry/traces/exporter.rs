//! Hands batches over, on the exporter's own thread: gives spans their public names, counts what is lost, and says once
//! that the collector is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::conventions;
use super::queue::{Places, count_dropped};

/// An exporter whose failures cost nothing but its spans.
#[derive(Debug)]
pub(super) struct Exporter<E> {
    inner: E,
    places: Places,
    failing: AtomicBool,
}

impl<E> Exporter<E> {
    pub(super) fn new(inner: E, places: Places) -> Self {
        Self { inner, places, failing: AtomicBool::new(false) }
    }

    fn note(&self, result: &OTelSdkResult, spans: usize) {
        match result {
            Ok(()) => {
                let spans = u64::try_from(spans).unwrap_or(u64::MAX);
                metrics::counter!("till_spans_exported_total").increment(spans);
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("spans are exported again");
                }
            }
            Err(error) => {
                count_dropped("export_failed", spans);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "spans can't be exported; told once until they can");
                }
            }
        }
    }
}

impl<E: SpanExporter> SpanExporter for Exporter<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        for span in &mut batch {
            conventions::apply(span);
        }
        let result = self.inner.export(batch).await;
        self.places.give_back(spans);
        self.note(&result, spans);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
