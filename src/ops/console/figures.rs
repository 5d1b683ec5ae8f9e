//! The figures that the console reads out of the process's own metrics: which samples make up each, in one table; it derives
//! nothing from them.
//!
//! A metric may be missing: a process has only those of the parts that run in it, and a counter appears with its first
//! event. What to make of that is decided where a figure is used ([`super::history::Law`]).

use std::collections::BTreeMap;
use std::time::Duration;

use super::quantile::Bucket;
use super::scrape::{Sample, samples};

/// A number that is the sum of some samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    Requests,
    ClientErrors,
    ServerErrors,
    OrdersPlaced,
    PaymentsMade,
    PaymentsOpen,
    PaymentsDeclined,
    PaymentsSucceeded,
    PaymentsFailed,
    CheckoutRefused,
    AtWork,
    Limit,
    Shed,
    ShedCritical,
    ShedNormal,
    ShedLow,
    CacheHits,
    CacheStale,
    CacheMisses,
    Limited,
    LimitsShared,
    LimitsLocal,
    PoolInUse,
    PoolIdle,
    PoolWaiting,
    OutboxUnsent,
    OutboxOldest,
    MessagesSent,
    MessagesHandled,
    DeadLetters,
    DeadLettersKept,
    WebhookTries,
    WebhooksWaiting,
    JobsWaiting,
    CircuitPayments,
    CircuitMail,
    CircuitRedis,
    CpuSeconds,
    Memory,
}

use Figure::{
    AtWork, CacheHits, CacheMisses, CacheStale, CheckoutRefused, CircuitMail, CircuitPayments,
    CircuitRedis, ClientErrors, CpuSeconds, DeadLetters, DeadLettersKept, JobsWaiting, Limit,
    Limited, LimitsLocal, LimitsShared, Memory, MessagesHandled, MessagesSent, OrdersPlaced,
    OutboxOldest, OutboxUnsent, PaymentsDeclined, PaymentsFailed, PaymentsMade, PaymentsOpen,
    PaymentsSucceeded, PoolIdle, PoolInUse, PoolWaiting, Requests, ServerErrors, Shed,
    ShedCritical, ShedLow, ShedNormal, WebhookTries, WebhooksWaiting,
};

/// One more than the last figure's place.
const FIGURES: usize = Memory as usize + 1;

/// Labels that a sample must carry; a value that ends in `*` is a beginning.
type Labels = &'static [(&'static str, &'static str)];

const HTTP: &str = "http_server_request_duration_seconds_count";
const HTTP_BUCKET: &str = "http_server_request_duration_seconds_bucket";
const STATUS: &str = "http_response_status_code";
const BREAKER: &str = "circuit_breaker_state";
const LIMITED: &str = "rate_limited_total";
const CHECKED: &str = "rate_limit_check_duration_seconds_count";

const POOL: &str = "db_client_connections";
const SETTLED: &str = "till_payments_total";

const ORDERS: (&str, &str) = ("http_route", "/v1/orders");
const PAYMENTS: (&str, &str) = ("http_route", "/v1/payments");
const POST: (&str, &str) = ("http_request_method", "POST");

/// What makes up each figure; several lines of one are added up.
const SOURCES: &[(Figure, &str, Labels)] = &[
    (Requests, HTTP, &[]),
    (ClientErrors, HTTP, &[(STATUS, "4*")]),
    (ServerErrors, HTTP, &[(STATUS, "5*")]),
    (OrdersPlaced, HTTP, &[POST, ORDERS, (STATUS, "201")]),
    (PaymentsMade, HTTP, &[POST, PAYMENTS, (STATUS, "201")]),
    (PaymentsOpen, HTTP, &[POST, PAYMENTS, (STATUS, "202")]),
    (PaymentsDeclined, HTTP, &[POST, PAYMENTS, (STATUS, "402")]),
    (PaymentsSucceeded, SETTLED, &[("status", "succeeded")]),
    (PaymentsFailed, SETTLED, &[("status", "failed")]),
    (CheckoutRefused, HTTP, &[POST, ORDERS, (STATUS, "5*")]),
    (CheckoutRefused, HTTP, &[POST, PAYMENTS, (STATUS, "5*")]),
    (AtWork, "load_shed_in_flight", &[]),
    (Limit, "load_shed_limit", &[]),
    (Shed, "load_shed_refused_total", &[]),
    (ShedCritical, "load_shed_refused_total", &[("class", "critical")]),
    (ShedNormal, "load_shed_refused_total", &[("class", "normal")]),
    (ShedLow, "load_shed_refused_total", &[("class", "low")]),
    (CacheHits, "cache_requests_total", &[("outcome", "hit")]),
    (CacheHits, "cache_requests_total", &[("outcome", "negative")]),
    (CacheStale, "cache_requests_total", &[("outcome", "stale")]),
    (CacheStale, "cache_requests_total", &[("outcome", "rescued")]),
    (CacheMisses, "cache_requests_total", &[("outcome", "miss")]),
    (CacheMisses, "cache_requests_total", &[("outcome", "failed")]),
    (Limited, LIMITED, &[]),
    (LimitsShared, CHECKED, &[("store", "shared")]),
    (LimitsLocal, CHECKED, &[("store", "local")]),
    (PoolInUse, POOL, &[("db_client_connection_state", "used")]),
    (PoolIdle, POOL, &[("db_client_connection_state", "idle")]),
    (PoolWaiting, "db_client_connection_pending_requests", &[]),
    (OutboxUnsent, "till_outbox_unsent", &[]),
    (OutboxOldest, "till_outbox_oldest_seconds", &[]),
    (MessagesSent, "till_outbox_messages_total", &[("result", "sent")]),
    (MessagesHandled, "till_deliveries_total", &[]),
    (DeadLetters, "till_dead_letters_total", &[]),
    (DeadLettersKept, "till_dead_letters_kept", &[]),
    (WebhooksWaiting, "till_webhook_deliveries_waiting", &[]),
    (WebhookTries, "till_webhook_tries_total", &[]),
    (JobsWaiting, "till_jobs_waiting", &[]),
    (CircuitPayments, BREAKER, &[("name", "payment_gateway")]),
    (CircuitMail, BREAKER, &[("name", "smtp")]),
    (CircuitRedis, BREAKER, &[("name", "redis")]),
    (CpuSeconds, "process_cpu_seconds_total", &[]),
    (Memory, "process_resident_memory_bytes", &[]),
];

/// What the metrics said at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Since the console began.
    pub at: Duration,
    values: [Option<f64>; FIGURES],
    /// How long all answers took so far, in seconds.
    pub latency: Vec<Bucket>,
    /// By policy.
    pub limited: BTreeMap<String, f64>,
}

impl Reading {
    /// What this text of metrics says.
    pub(super) fn of(text: &str, at: Duration) -> Self {
        let (latency, limited) = (Vec::new(), BTreeMap::new());
        let mut reading = Self { at, values: [None; FIGURES], latency, limited };
        for sample in samples(text) {
            reading.take(&sample);
        }
        reading.latency.sort_by(|one, other| one.bound.total_cmp(&other.bound));
        reading
    }

    pub(super) fn get(&self, figure: Figure) -> Option<f64> {
        self.values.get(figure as usize).copied().flatten()
    }

    fn take(&mut self, sample: &Sample<'_>) {
        match sample.name {
            HTTP_BUCKET => self.take_bucket(sample),
            LIMITED => {
                let policy = sample.label("policy").unwrap_or_default().into_owned();
                *self.limited.entry(policy).or_default() += sample.value;
            }
            _ => {}
        }
        for (figure, metric, labels) in SOURCES {
            if *metric != sample.name {
                continue;
            }
            let carries = |(name, wanted): &(&str, &str)| {
                sample.label(name).is_some_and(|value| matches(&value, wanted))
            };
            if let Some(sum) = self.values.get_mut(*figure as usize)
                && labels.iter().all(carries)
            {
                *sum = Some(sum.unwrap_or(0.0) + sample.value);
            }
        }
    }

    fn take_bucket(&mut self, sample: &Sample<'_>) {
        let bound = sample.label("le").and_then(|bound| bound.parse::<f64>().ok());
        let Some(bound) = bound else { return };
        let same = |bucket: &&mut Bucket| bucket.bound.total_cmp(&bound).is_eq();
        match self.latency.iter_mut().find(same) {
            Some(bucket) => bucket.count += sample.value,
            None => self.latency.push(Bucket { bound, count: sample.value }),
        }
    }
}

fn matches(value: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(beginning) => value.starts_with(beginning),
        None => value == wanted,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Figure, Reading};

    const TEXT: &str = r#"
http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",http_route="/v1/products",le="0.005"} 3
http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",http_route="/v1/products",le="+Inf"} 4
http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/v1/products"} 4
http_server_request_duration_seconds_bucket{http_request_method="POST",http_response_status_code="503",http_route="/v1/payments",le="0.005"} 1
http_server_request_duration_seconds_bucket{http_request_method="POST",http_response_status_code="503",http_route="/v1/payments",le="+Inf"} 2
http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="503",http_route="/v1/payments"} 2
http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="503",http_route="/v1/orders"} 5
circuit_breaker_state{name="payment_gateway"} 2
rate_limited_total{policy="login"} 1
rate_limited_total{policy="anonymous"} 8
"#;

    #[test]
    fn series_are_added_up_by_their_labels_and_buckets_by_their_bounds() {
        let reading = Reading::of(TEXT, Duration::ZERO);
        assert_eq!(reading.get(Figure::Requests), Some(11.0));
        assert_eq!(reading.get(Figure::ServerErrors), Some(7.0));
        assert_eq!(reading.get(Figure::CheckoutRefused), Some(7.0));
        assert_eq!(reading.get(Figure::Limited), Some(9.0));
        assert_eq!(reading.get(Figure::ClientErrors), None);
        let buckets: Vec<_> = reading.latency.iter().map(|b| (b.bound, b.count)).collect();
        assert_eq!(buckets, [(0.005, 4.0), (f64::INFINITY, 6.0)]);
        assert_eq!(reading.get(Figure::CircuitPayments), Some(2.0));
        assert_eq!(reading.limited.get("login"), Some(&1.0));
    }

    #[test]
    fn a_process_without_a_metric_does_not_know_the_figure() {
        let reading = Reading::of("", Duration::ZERO);
        assert_eq!(reading.get(Figure::OutboxUnsent), None);
        assert!(reading.latency.is_empty() && reading.limited.is_empty());
    }
}
