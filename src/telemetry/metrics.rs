//! The metrics recorder and the text for `/metrics`; which label a metric carries is decided where it is recorded.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use super::process;

/// Bounds in seconds of every duration, as OpenTelemetry's HTTP conventions advise them.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// How often samples are sorted into buckets; until then they wait in memory.
const UPKEEP: Duration = Duration::from_secs(5);

/// The metrics of this process.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// The process's metrics; the first call installs the recorder, so that tests may call it as often as they like.
    #[must_use]
    pub fn shared() -> Self {
        static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = INSTALLED.get_or_init(|| {
            let recorder = builder().build_recorder();
            let handle = recorder.handle();
            if let Err(error) = metrics::set_global_recorder(recorder) {
                tracing::warn!(%error, "metrics go to a recorder that is not ours");
            }
            describe();
            // Descriptions are shown from the next upkeep on.
            handle.run_upkeep();
            handle
        });
        Self { handle: handle.clone() }
    }

    /// All metrics in Prometheus' text format 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.run_upkeep();
        let mut text = self.handle.render();
        text.push_str(&process::render());
        text
    }

    /// Keeps the recorder's memory flat until it is told to stop.
    pub async fn keep_up(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.handle.run_upkeep();
        }
    }
}

fn builder() -> PrometheusBuilder {
    let plain = PrometheusBuilder::new();
    // The list is not empty, which is the only fault there could be.
    plain
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .unwrap_or_else(|_| PrometheusBuilder::new())
}

fn describe() {
    describe_histogram!(
        "http_server_request_duration_seconds",
        Unit::Seconds,
        "How long requests took, by route, method and status."
    );
    describe_gauge!("http_server_active_requests", "Requests being answered now, by method.");
    describe_counter!(
        "till_log_lines_dropped_total",
        "Log lines given up because their reader stalled."
    );
    describe_counter!("till_spans_exported_total", "Spans that the collector took.");
    describe_counter!(
        "till_spans_dropped_total",
        "Spans given up, by reason: queue_full (the collector is too slow or away), export_failed."
    );
    describe_gauge!("load_shed_limit", "How many requests may be at work, as learnt.");
    describe_gauge!(
        "load_shed_in_flight",
        "Requests at work; who waits for something outside is not."
    );
    describe_counter!("load_shed_refused_total", "Requests refused for want of a place, by class.");
    describe_histogram!(
        "load_shed_queue_wait_seconds",
        Unit::Seconds,
        "How long those waited for a place who had to."
    );
    describe_neighbours();
    describe_worker();
    describe_cache();
    describe_gauge!("till_build_info", "Always 1; the labels say what is running.");
    gauge!("till_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

fn describe_neighbours() {
    describe_counter!("rate_limited_total", "Requests refused beyond a limit, by policy.");
    describe_counter!(
        "rate_limit_fallbacks_total",
        "Requests whose limits were kept in this process, since Redis did not answer."
    );
    describe_histogram!(
        "rate_limit_check_duration_seconds",
        Unit::Seconds,
        "How long asking the limits took, by where: shared (Redis) or local."
    );
    describe_counter!("redis_failures_total", "Calls of Redis that failed or took too long.");
    describe_gauge!("circuit_breaker_state", "0 closed, 1 half-open, 2 open, by neighbour.");
    describe_counter!(
        "circuit_breaker_transitions_total",
        "Changes of a circuit's state, by neighbour and new state."
    );
    describe_gauge!("database_away", "1 while the database is known to be away.");
    describe_counter!(
        "db_transaction_repetitions_total",
        "Transactions run again after a conflict."
    );
}

fn describe_cache() {
    describe_counter!(
        "cache_requests_total",
        "Reads of the catalogue, by cache and outcome: hit, stale, rescued (old, since loading fails), negative, miss, failed."
    );
    describe_counter!("cache_loads_total", "Loads from the database, by cache and outcome.");
    describe_counter!("cache_shared_total", "Looks into the shared tier, by cache and outcome.");
    describe_counter!(
        "cache_changes_total",
        "Changes on their way to other instances, by outcome; failed ones are told again."
    );
    describe_gauge!("cache_hears_changes", "1 while other instances' changes are heard.");
}

fn describe_worker() {
    describe_gauge!(
        "till_outbox_unsent",
        "Messages that wait to be sent, counted up to 100000; rising without end is an alarm."
    );
    describe_gauge!("till_outbox_oldest_seconds", "Age of the oldest message that is not sent.");
    describe_gauge!(
        "till_payment_attempts_live",
        "What was asked of the payment gateway and not answered, by age; any older than an hour is an alarm."
    );
    describe_counter!(
        "till_payments_unsettled_total",
        "Payments and refunds that a human was told of because the gateway left them open for an hour."
    );
    describe_counter!("till_outbox_messages_total", "Messages taken from the outbox, by result.");
    describe_counter!("till_deliveries_total", "Messages at a consumer, by consumer and result.");
    describe_counter!("till_dead_letters_total", "Messages given up, by consumer.");
    describe_counter!("till_mails_sent_total", "Mails that a server took, by kind.");
    describe_counter!("till_mail_copies_total", "Mails that were sent once more, by kind.");
    describe_counter!("till_job_failures_total", "Jobs that could not be done in time, by job.");
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn durations_are_histograms_with_the_conventions_buckets() {
        let metrics = Metrics::shared();
        metrics::histogram!("till_test_duration_seconds").record(0.3);
        let text = Metrics::shared().render();
        assert!(text.contains("# TYPE till_test_duration_seconds histogram"), "{text}");
        assert!(text.contains("till_test_duration_seconds_bucket{le=\"0.25\"} 0"), "{text}");
        assert!(text.contains("till_test_duration_seconds_bucket{le=\"0.5\"} 1"), "{text}");
        assert!(metrics.render().contains("# HELP till_build_info Always 1"));
    }
}
