//! Every metric there is, with its type, its labels and what it tells; whoever records one stands here, and nobody records here.
//!
//! `docs/metrics.md` is made from this table, and tests hold the code that records, the dashboards and the alerts to it.
//! Labels never hold an id, an address, or anything else that a client chooses.

/// A metric as `/metrics` shows it.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [Label],
    pub help: &'static str,
}

/// What may be done with its values.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Only rises, but for a new start of its process.
    Counter,
    Gauge,
    /// With these upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// A label, and the values it may have where they are known beforehand: such a counter is there, at 0, from the start, so
/// that its first increase is seen.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    pub name: &'static str,
    pub values: &'static [&'static str],
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// Bounds in seconds of what a client waits for, as OpenTelemetry's HTTP conventions advise them.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Of what takes a fraction of that: a connection of the pool, a look into Redis.
const MOMENTS: &[f64] = &[
    0.000_01, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    10.0,
];
/// Of how long something waited for its turn, up to an hour.
const AGES: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3_600.0];

/// Of how many things were done at once.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0];

const fn label(name: &'static str) -> Label {
    Label { name, values: &[] }
}

const fn one_of(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values }
}

const fn counter(name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn seconds(
    name: &'static str,
    bounds: &'static [f64],
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram(bounds), labels, help }
}

const CLASS: Label = one_of("class", &["low", "normal", "critical"]);
const POLICY: Label = one_of(
    "policy",
    &["anonymous", "user", "admin", "login", "login-account", "login-client", "reports"],
);
const CACHE: Label = label("cache");
const POOL: Label = label("db_client_connection_pool_name");
const LISTENER: Label = label("listener");
/// The consumers of `worker::consumers`.
const CONSUMER: Label = one_of(
    "consumer",
    &[
        "welcome_mail",
        "order_confirmation",
        "payment_receipt",
        "refund_notice",
        "report_ready",
        "webhook_endpoint_disabled",
        "long_jobs",
        "events",
    ],
);

/// The table, by what one looks for.
pub const SECTIONS: &[(&str, &[Metric])] = &[
    ("What clients see", EDGE),
    ("Under load", LOAD),
    ("The catalogue's cache", CATALOGUE_CACHE),
    ("What it stands on", DEPENDENCIES),
    ("Money", MONEY),
    ("Background work", BACKGROUND),
    ("The process", PROCESS),
];

/// Every metric there is.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    SECTIONS.iter().flat_map(|(_title, metrics)| *metrics)
}

/// The metric of this name.
pub fn find(name: &str) -> Option<&'static Metric> {
    all().find(|metric| metric.name == name)
}

const EDGE: &[Metric] = &[
    seconds(
        "http_server_request_duration_seconds",
        SECONDS,
        &[
            label("http_request_method"),
            label("http_route"),
            label("http_response_status_code"),
            label("url_scheme"),
            label("error_type"),
        ],
        "How long requests took until their answer began, by route (its template; none where there is none), method (`_OTHER` if unknown) and status; `error_type` is there from 500 on.",
    ),
    gauge(
        "http_server_active_requests",
        &[label("http_request_method")],
        "Requests that are being answered.",
    ),
    gauge("http_server_open_connections", &[LISTENER], "Connections of a listener."),
    gauge(
        "http_server_connections_max",
        &[LISTENER],
        "Connections a listener takes at a time; more wait in the kernel's queue.",
    ),
    counter("http_server_connections_total", &[LISTENER], "Connections that a listener has taken."),
    counter(
        "till_deprecated_calls_total",
        &[
            // The operations of `api::versions::DEPRECATIONS`.
            one_of(
                "operation",
                &["POST /v1/users", "GET /v1/users/me", "PATCH /v1/users/me", "GET /v1/users/{id}"],
            ),
            one_of("caller", &["user", "anonymous"]),
        ],
        "Calls of operations that are on their way out; `GET /v1/deprecated-calls` tells administrators whose they are.",
    ),
    counter(
        "auth_refresh_token_reuses_total",
        &[],
        "Refresh tokens that came a second time: their sessions were ended.",
    ),
    counter(
        "oauth_code_reuses_total",
        &[],
        "Authorisation codes that came a second time: what had come of them was ended.",
    ),
];

const LOAD: &[Metric] = &[
    gauge("load_shed_limit", &[], "How many requests may be at work, as learnt."),
    gauge("load_shed_in_flight", &[], "Requests at work; who waits for something outside is not."),
    gauge("load_shed_hanging", &[], "Requests at work for so long that others got their places."),
    counter("load_shed_refused_total", &[CLASS], "Requests refused for want of a place (503)."),
    seconds(
        "load_shed_queue_wait_seconds",
        MOMENTS,
        &[],
        "How long those waited for a place who had to.",
    ),
    counter("rate_limited_total", &[POLICY], "Requests refused beyond a limit (429)."),
    counter(
        "rate_limit_fallbacks_total",
        &[],
        "Requests whose limits were kept in this process, since Redis did not answer.",
    ),
    seconds(
        "rate_limit_check_duration_seconds",
        MOMENTS,
        &[label("store")],
        "How long asking the limits took: `shared` (Redis) or `local`.",
    ),
];

const CATALOGUE_CACHE: &[Metric] = &[
    counter(
        "cache_requests_total",
        &[CACHE, label("outcome")],
        "Reads in the process's tier: `hit`, `stale`, `rescued` (old, since loading fails), `negative`, `miss`, `failed`.",
    ),
    counter(
        "cache_shared_total",
        &[CACHE, label("outcome")],
        "Looks into the tier in Redis, after a miss in the process's.",
    ),
    counter(
        "cache_loads_total",
        &[CACHE, label("outcome")],
        "Loads from the database, after a miss in both: `loaded`, `absent`, `failed`.",
    ),
    counter(
        "cache_changes_total",
        &[label("outcome")],
        "Changes on their way to other instances; failed ones are told again.",
    ),
    gauge("cache_hears_changes", &[], "1 while other instances' changes are heard."),
];

const DEPENDENCIES: &[Metric] = &[
    gauge(
        "dependency_up",
        &[label("dependency")],
        "1 while it answers, as `/readyz` asks it: `postgres`, `redis`, `rabbitmq`, `payment_gateway`.",
    ),
    gauge(
        "circuit_breaker_state",
        &[label("name")],
        "0 closed, 1 half-open, 2 open, by neighbour: `payment_gateway`, `redis`, `smtp`.",
    ),
    counter(
        "circuit_breaker_transitions_total",
        &[label("name"), label("to")],
        "Changes of a circuit's state, by neighbour and new state.",
    ),
    gauge("database_away", &[], "1 while the database is known to be away."),
    gauge(
        "db_client_connections",
        &[POOL, label("db_client_connection_state")],
        "Connections of the pool, `used` and `idle`. (OpenTelemetry's `db.client.connection.count`, whose name Prometheus keeps for histograms.)",
    ),
    gauge("db_client_connection_max", &[POOL], "The most connections of the pool."),
    gauge("db_client_connection_idle_min", &[POOL], "Idle connections that the pool keeps."),
    gauge("db_client_connection_pending_requests", &[POOL], "Who waits for a connection."),
    counter(
        "db_client_connection_timeouts_total",
        &[one_of("db_client_connection_pool_name", &["postgres"])],
        "Who waited for a connection in vain.",
    ),
    seconds(
        "db_client_connection_wait_time_seconds",
        MOMENTS,
        &[POOL],
        "How long it took to get a connection.",
    ),
    seconds(
        "db_client_connection_use_time_seconds",
        MOMENTS,
        &[POOL],
        "How long a connection was used before it went back.",
    ),
    counter(
        "db_transaction_repetitions_total",
        &[],
        "Transactions run again after a conflict (SQLSTATE 40001, 40P01).",
    ),
    seconds(
        "db_client_operation_duration_seconds",
        MOMENTS,
        &[label("db_system_name"), label("error_type")],
        "How long Redis took for what it was asked in one call.",
    ),
    counter("redis_failures_total", &[], "Calls of Redis that failed or took too long."),
    seconds(
        "http_client_request_duration_seconds",
        SECONDS,
        &[
            label("http_request_method"),
            label("server_address"),
            label("server_port"),
            label("url_template"),
            label("http_response_status_code"),
            label("error_type"),
        ],
        "How long the payment gateway took for one request: each try by itself.",
    ),
];

const MONEY: &[Metric] = &[
    Metric {
        name: "till_order_batch_size",
        kind: Kind::Histogram(SIZES),
        labels: &[],
        help: "Orders that were placed in one transaction.",
    },
    counter(
        "till_order_batches_undone_total",
        &[],
        "Batches of orders that failed, so that each order went alone.",
    ),
    gauge(
        "till_orders_waiting",
        &[],
        "Orders that wait to be placed; those that are being placed are not counted.",
    ),
    counter(
        "till_orders_waited_in_vain_total",
        &[],
        "Orders refused (503) that waited to be placed for as long as one may wait for a connection.",
    ),
    counter(
        "till_payments_total",
        // A pair that cannot be stays at 0.
        &[
            one_of("status", &["succeeded", "requires_capture", "canceled", "failed"]),
            one_of(
                "decline_code",
                &[
                    "",
                    "card_declined",
                    "insufficient_funds",
                    "expired_card",
                    "invalid_payment_method",
                    "gateway_error",
                    "other",
                ],
            ),
        ],
        "Payments by what became of them; of failed ones also why (`other` for a code that the API does not name), else the code is empty.",
    ),
    counter(
        "till_refunds_total",
        &[one_of("status", &["succeeded", "failed"])],
        "Refunds by what became of them.",
    ),
    gauge(
        "till_payment_attempts_live",
        &[label("age")],
        "What was asked of the payment gateway and is in doubt since: `within_a_minute`, `within_an_hour`, `older`; any that is older is an alarm.",
    ),
    counter(
        "till_payments_unsettled_total",
        &[],
        "Payments and refunds that a human was told of because the gateway left them open for an hour.",
    ),
    counter(
        "payments_late_total",
        &[one_of("result", &["accepted", "given_back"])],
        "Money that came after its payment was given up.",
    ),
    counter(
        "payment_callbacks_quarantined_total",
        &[],
        "Signed call-backs of the gateway that cannot be true.",
    ),
];

const BACKGROUND: &[Metric] = &[
    gauge(
        "till_outbox_unsent",
        &[],
        "Messages that wait to be sent, counted up to 100000; rising without end is an alarm.",
    ),
    gauge("till_outbox_oldest_seconds", &[], "Age of the oldest message that is not sent."),
    counter(
        "till_outbox_messages_total",
        &[one_of("result", &["sent", "postponed", "given_back"])],
        "Messages taken from the outbox.",
    ),
    seconds(
        "messaging_client_operation_duration_seconds",
        SECONDS,
        &[label("messaging_system"), label("messaging_operation_name"), label("error_type")],
        "How long the broker took to confirm a message.",
    ),
    gauge(
        "till_queue_messages",
        &[label("queue")],
        "Messages that wait at the broker, by consumer, `dead` or `delay.<milliseconds>`; NaN while there is no line to it.",
    ),
    gauge(
        "till_queue_consumers",
        &[label("queue")],
        "Who takes messages from a queue of the broker.",
    ),
    seconds(
        "till_message_age_seconds",
        AGES,
        &[label("consumer")],
        "How old a message is when its consumer first gets it.",
    ),
    seconds(
        "messaging_process_duration_seconds",
        SECONDS,
        &[label("messaging_destination_name"), label("messaging_operation_name")],
        "How long a consumer took for one try at a message.",
    ),
    counter(
        "till_deliveries_total",
        &[CONSUMER, one_of("result", &["handled", "copy", "retried", "dead"])],
        "Messages at a consumer.",
    ),
    counter("till_dead_letters_total", &[CONSUMER], "Messages given up."),
    gauge(
        "till_dead_letters_kept",
        &[label("consumer")],
        "Dead letters that wait for an operator, counted up to 100000.",
    ),
    counter("till_events_total", &[label("type")], "Events remembered, each once."),
    gauge(
        "till_jobs_waiting",
        &[label("kind")],
        "Reports and imports that are due and that no worker has.",
    ),
    gauge("till_jobs_oldest_seconds", &[label("kind")], "How long the oldest of them is due."),
    counter("till_jobs_total", &[label("kind"), label("end")], "Reports and imports that ended."),
    counter(
        "till_job_failures_total",
        &[label("name")],
        "Timed work that could not be done in time.",
    ),
    counter("till_mails_sent_total", &[label("kind")], "Mails that a server took."),
    counter("till_mail_copies_total", &[label("kind")], "Mails that were sent once more."),
    gauge(
        "till_webhook_deliveries_waiting",
        &[],
        "Webhooks that are due, to endpoints that are tried, counted up to 100000.",
    ),
    gauge("till_webhook_deliveries_oldest_seconds", &[], "How long the oldest of them is due."),
    counter("till_webhook_tries_total", &[label("result")], "Webhooks sent, by what came of it."),
    seconds(
        "till_webhook_try_duration_seconds",
        SECONDS,
        &[label("result")],
        "How long endpoints took.",
    ),
    counter(
        "till_webhook_endpoints_disabled_total",
        &[label("reason")],
        "Endpoints that are sent nothing any more.",
    ),
];

const PROCESS: &[Metric] = &[
    gauge(
        "till_build_info",
        &[label("version"), label("revision")],
        "Always 1; the labels say what is running.",
    ),
    counter(
        "till_log_lines_dropped_total",
        &[],
        "Log lines given up because their reader stalled.",
    ),
    counter("till_spans_exported_total", &[], "Spans that the collector took."),
    counter(
        "till_spans_dropped_total",
        &[one_of("reason", &["queue_full", "export_failed"])],
        "Spans given up: the collector is too slow or away, or did not take them.",
    ),
    counter("process_cpu_seconds_total", &[], "CPU time used."),
    gauge("process_resident_memory_bytes", &[], "Memory in use."),
    gauge("process_virtual_memory_bytes", &[], "Address space in use."),
    gauge("process_open_fds", &[], "Open files and sockets."),
    gauge("process_max_fds", &[], "The most files and sockets that may be open."),
    gauge("process_threads", &[], "Threads."),
    gauge("process_start_time_seconds", &[], "When the process began, in Unix time."),
    gauge("tokio_workers", &[], "Threads that run tasks."),
    gauge("tokio_alive_tasks", &[], "Tasks that are not finished."),
    gauge("tokio_global_queue_depth", &[], "Tasks that wait for a thread in the common queue."),
    counter(
        "tokio_workers_busy_seconds_total",
        &[],
        "How long the threads that run tasks were busy, together.",
    ),
];
