//! The metrics recorder and the text for `/metrics`; which label a metric carries is decided where it is recorded.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use super::catalogue::{Kind, Label, all};
use super::process;

/// How often samples are sorted into buckets; until then they wait in memory.
const UPKEEP: Duration = Duration::from_secs(5);

/// Records what a part knows of itself at the moment.
type Sampler = Box<dyn Fn() + Send + Sync>;

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    samplers: Arc<RwLock<Vec<Sampler>>>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl Metrics {
    /// The process's metrics; the first call installs the recorder, so that tests may call it as often as they like.
    #[must_use]
    pub fn shared() -> Self {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        let metrics = INSTALLED.get_or_init(|| {
            let recorder = builder().build_recorder();
            let handle = recorder.handle();
            if let Err(error) = metrics::set_global_recorder(recorder) {
                tracing::warn!(%error, "metrics go to a recorder that is not ours");
            }
            describe();
            // Descriptions are shown from the next upkeep on.
            handle.run_upkeep();
            Self { handle, samplers: Arc::default() }
        });
        metrics.clone()
    }

    /// Has `sampler` record its gauges at every scrape: for what is known at any moment and changes too often to be
    /// recorded each time.
    pub fn sample(&self, sampler: impl Fn() + Send + Sync + 'static) {
        let mut samplers = self.samplers.write().unwrap_or_else(PoisonError::into_inner);
        samplers.push(Box::new(sampler));
    }

    /// All metrics in Prometheus' text format 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        for sampler in &*self.samplers.read().unwrap_or_else(PoisonError::into_inner) {
            sampler();
        }
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
    // No list of bounds is empty, which is the only fault there could be.
    all().fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(bounds) => {
            let exactly = Matcher::Full(metric.name.to_owned());
            builder.set_buckets_for_metric(exactly, bounds).unwrap_or_default()
        }
        Kind::Counter | Kind::Gauge => builder,
    })
}

/// Tells what each metric is, and shows counters whose labels are known from the start, at 0.
fn describe() {
    for metric in all().filter(|metric| !process::is_read_there(metric.name)) {
        let (name, help) = (metric.name, metric.help);
        match metric.kind {
            Kind::Counter => {
                describe_counter!(name, help);
                for labels in combinations(metric.labels) {
                    counter!(name, labels).increment(0);
                }
            }
            Kind::Gauge => describe_gauge!(name, help),
            Kind::Histogram(_) => describe_histogram!(name, help),
        }
    }
    let revision = option_env!("TILL_REVISION").unwrap_or("unknown");
    let version = env!("CARGO_PKG_VERSION");
    gauge!("till_build_info", "version" => version, "revision" => revision).set(1.0);
}

/// Every set of values that these labels may have together; none where those of one are not known.
fn combinations(labels: &[Label]) -> Vec<Vec<metrics::Label>> {
    labels.iter().fold(vec![Vec::new()], |sets, label| {
        let with = |set: &Vec<metrics::Label>, value: &&'static str| {
            let mut set = set.clone();
            set.push(metrics::Label::from_static_parts(label.name, value));
            set
        };
        sets.iter().flat_map(|set| label.values.iter().map(move |value| with(set, value))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn durations_are_histograms_with_the_conventions_buckets() {
        let metrics = Metrics::shared();
        metrics::histogram!("till_webhook_try_duration_seconds", "result" => "test").record(0.3);
        let text = Metrics::shared().render();
        assert!(text.contains("# TYPE till_webhook_try_duration_seconds histogram"), "{text}");
        let below = |bound| format!("_bucket{{result=\"test\",le=\"{bound}\"}}");
        assert!(text.contains(&format!("{} 0", below("0.25"))), "{text}");
        assert!(text.contains(&format!("{} 1", below("0.5"))), "{text}");
        assert!(metrics.render().contains("# HELP till_build_info Always 1"));
    }

    #[test]
    fn a_counter_is_there_before_its_first_increase() {
        let text = Metrics::shared().render();
        for series in [
            "till_payments_unsettled_total 0",
            "till_payments_total{status=\"failed\",decline_code=\"gateway_error\"} 0",
            "till_dead_letters_total{consumer=\"events\"} 0",
            "till_deliveries_total{consumer=\"welcome_mail\",result=\"dead\"} 0",
        ] {
            assert!(text.contains(series), "{series} in {text}");
        }
    }

    #[test]
    fn what_a_part_knows_is_read_at_each_scrape() {
        let metrics = Metrics::shared();
        metrics
            .sample(|| metrics::gauge!("till_queue_consumers", "queue" => "test").increment(1.0));
        let shown = |text: String| text.contains("till_queue_consumers{queue=\"test\"} 2");
        assert!(!shown(metrics.render()));
        assert!(shown(metrics.render()));
    }
}
