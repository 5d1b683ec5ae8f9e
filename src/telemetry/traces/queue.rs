//! The bound of what is not exported yet: a span that finds no place is dropped and counted, and nobody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanProcessor};

/// How many spans may wait or be under way; shared by who puts them in and who takes them out.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    taken: AtomicUsize,
    most: usize,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Inner { taken: AtomicUsize::new(0), most }))
    }

    fn take(&self) -> bool {
        let more = |taken| (taken < self.0.most).then_some(taken + 1);
        self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// From now on others may have them.
    pub(super) fn give_back(&self, places: usize) {
        self.0.taken.fetch_sub(places, Ordering::Relaxed);
    }
}

/// The processor behind its bound: what waits in it and what its thread holds together never exceed the places.
#[derive(Debug)]
pub(super) struct Queue {
    batches: BatchSpanProcessor,
    places: Places,
}

impl Queue {
    pub(super) fn new(batches: BatchSpanProcessor, places: Places) -> Self {
        Self { batches, places }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.places.take() {
            self.batches.on_end(span);
        } else {
            count_dropped("queue_full", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

pub(super) fn count_dropped(reason: &'static str, spans: usize) {
    let spans = u64::try_from(spans).unwrap_or(u64::MAX);
    metrics::counter!("till_spans_dropped_total", "reason" => reason).increment(spans);
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn there_are_never_more_places_taken_than_there_are() {
        let places = Places::new(3);
        let taken: usize = std::thread::scope(|scope| {
            let taking = || (0..10).filter(|_| places.take()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(taking)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        assert_eq!(taken, 3);
        places.give_back(2);
        assert_eq!([places.take(), places.take(), places.take()], [true, true, false]);
    }
}
