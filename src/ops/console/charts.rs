//! Every chart of the console, in the order of the page: what it draws, what it is about, when it asks for attention. A new one
//! is an entry here.

use super::chart::{Chart, Part, Section, Shown};
use super::figures::Figure;
use super::history::Law;
use super::judgement::{self, SERVER_ERRORS};
use super::words::Unit;

const fn shown(name: &'static str, unit: Unit, law: Law) -> Shown {
    Shown { name, unit, law }
}

const fn rate(name: &'static str, figure: Figure) -> Shown {
    shown(name, Unit::PerSecond, Law::Rate(figure))
}

const fn pieces(name: &'static str, figure: Figure) -> Shown {
    shown(name, Unit::Pieces, Law::Level(figure))
}

const fn quantile(name: &'static str, q: f64) -> Shown {
    shown(name, Unit::Seconds, Law::Quantile(q))
}

const fn circuit(name: &'static str, figure: Figure) -> Shown {
    shown(name, Unit::Circuit, Law::Level(figure))
}

const fn total(name: &'static str, figure: Figure) -> Shown {
    shown(name, Unit::Pieces, Law::Total(figure))
}

/// Its id, since the page says more beside it.
pub(super) const LIMITS: &str = "limits";

const CACHE_READS: &[Figure] = &[Figure::CacheHits, Figure::CacheStale, Figure::CacheMisses];

const HIT_SHARE: Law = Law::Percent { part: Figure::CacheHits, all: CACHE_READS };

pub(super) const CHARTS: &[Chart] = &[
    Chart {
        id: "requests",
        title: "Throughput",
        about: "Requests answered, whatever the answer.",
        part: Part::Api,
        section: Section::Signals,
        headline: rate("requests", Figure::Requests),
        lines: &[rate("requests", Figure::Requests)],
        least: 5.0,
        beside: &[],
        judge: judgement::fine,
    },
    Chart {
        id: "errors",
        title: "Errors",
        about: "Answers that say that we failed (5xx, refusals for want of a place among them) or that the caller did (4xx). The share is that of 5xx in the last ten seconds.",
        part: Part::Api,
        section: Section::Signals,
        headline: shown("share of 5xx", Unit::Percent, SERVER_ERRORS),
        lines: &[rate("5xx", Figure::ServerErrors), rate("4xx", Figure::ClientErrors)],
        least: 1.0,
        beside: &[],
        judge: judgement::errors,
    },
    Chart {
        id: "latency",
        title: "Latency",
        about: "How long answers of the last ten seconds took. Each value is estimated inside a bucket of the histogram: the true one lies between the bounds in the table.",
        part: Part::Api,
        section: Section::Signals,
        headline: quantile("p95", 0.95),
        lines: &[quantile("p50", 0.5), quantile("p95", 0.95), quantile("p99", 0.99)],
        least: 0.02,
        beside: &[],
        judge: judgement::fine,
    },
    Chart {
        id: "saturation",
        title: "Saturation",
        about: "Requests at work, and how many may be before others wait or are refused. Who waits for something outside is not at work.",
        part: Part::Api,
        section: Section::Signals,
        headline: pieces("at work", Figure::AtWork),
        lines: &[pieces("at work", Figure::AtWork), pieces("limit", Figure::Limit)],
        least: 4.0,
        beside: &[],
        judge: judgement::saturation,
    },
    Chart {
        id: "checkout",
        title: "Checkout",
        about: "What became of orders and payments: done, answered 202 and settled later, or refused at once with 503.",
        part: Part::Api,
        section: Section::Protection,
        headline: rate("paid", Figure::PaymentsMade),
        lines: &[
            rate("ordered", Figure::OrdersPlaced),
            rate("paid", Figure::PaymentsMade),
            rate("settled later", Figure::PaymentsOpen),
            rate("refused", Figure::CheckoutRefused),
        ],
        least: 2.0,
        beside: &[
            rate("declined", Figure::PaymentsDeclined),
            pieces("payments succeeded so far", Figure::PaymentsSucceeded),
            pieces("failed", Figure::PaymentsFailed),
        ],
        judge: judgement::checkout,
    },
    Chart {
        id: "circuits",
        title: "Circuit breakers",
        about: "Closed lets every call through, open none, half-open a few to see whether the neighbour is well again.",
        part: Part::Process,
        section: Section::Protection,
        headline: circuit("payment gateway", Figure::CircuitPayments),
        lines: &[
            circuit("payment gateway", Figure::CircuitPayments),
            circuit("mail server", Figure::CircuitMail),
            circuit("Redis", Figure::CircuitRedis),
        ],
        least: 2.0,
        beside: &[],
        judge: judgement::circuits,
    },
    Chart {
        id: "shedding",
        title: "Load shedding",
        about: "Requests refused early so that the others are answered in time: low ones first, checkout last.",
        part: Part::Api,
        section: Section::Protection,
        headline: rate("refused", Figure::Shed),
        lines: &[
            rate("critical", Figure::ShedCritical),
            rate("normal", Figure::ShedNormal),
            rate("low", Figure::ShedLow),
        ],
        least: 1.0,
        beside: &[],
        judge: judgement::shedding,
    },
    Chart {
        id: LIMITS,
        title: "Rate limits",
        about: "Requests beyond their caller's limit, and where the limits were kept: in Redis for all instances, or in this process alone.",
        part: Part::Api,
        section: Section::Protection,
        headline: rate("refused", Figure::Limited),
        lines: &[
            rate("refused", Figure::Limited),
            rate("kept in Redis", Figure::LimitsShared),
            rate("kept in this process", Figure::LimitsLocal),
        ],
        least: 1.0,
        beside: &[],
        judge: judgement::fine,
    },
    Chart {
        id: "cache",
        title: "Cache",
        about: "Reads of the catalogue: fresh, old while a new copy is fetched, or from the database. The share is that of fresh ones in the last ten seconds.",
        part: Part::Api,
        section: Section::Behind,
        headline: shown("hits", Unit::Percent, HIT_SHARE),
        lines: &[
            rate("hit", Figure::CacheHits),
            rate("stale", Figure::CacheStale),
            rate("miss", Figure::CacheMisses),
        ],
        least: 1.0,
        beside: &[],
        judge: judgement::fine,
    },
    Chart {
        id: "pool",
        title: "Database connections",
        about: "Connections of this process's pool, and how many requests wait for one.",
        part: Part::Process,
        section: Section::Behind,
        headline: pieces("in use", Figure::PoolInUse),
        lines: &[
            pieces("in use", Figure::PoolInUse),
            pieces("idle", Figure::PoolIdle),
            pieces("waiting", Figure::PoolWaiting),
        ],
        least: 4.0,
        beside: &[],
        judge: judgement::pool,
    },
    Chart {
        id: "outbox",
        title: "Outbox",
        about: "Messages that were committed with their cause and are not handed on yet.",
        part: Part::Worker,
        section: Section::Behind,
        headline: pieces("unsent", Figure::OutboxUnsent),
        lines: &[pieces("unsent", Figure::OutboxUnsent)],
        least: 5.0,
        beside: &[shown("the oldest waits for", Unit::Seconds, Law::Level(Figure::OutboxOldest))],
        judge: judgement::outbox,
    },
    Chart {
        id: "messages",
        title: "Worker",
        about: "Messages that left the outbox, that a consumer has dealt with, and tries at webhook endpoints.",
        part: Part::Worker,
        section: Section::Behind,
        headline: rate("handled", Figure::MessagesHandled),
        lines: &[
            rate("sent", Figure::MessagesSent),
            rate("handled", Figure::MessagesHandled),
            rate("webhooks", Figure::WebhookTries),
        ],
        least: 2.0,
        beside: &[
            pieces("webhooks waiting", Figure::WebhooksWaiting),
            pieces("jobs waiting", Figure::JobsWaiting),
            total("given up so far", Figure::DeadLetters),
            pieces("dead letters kept", Figure::DeadLettersKept),
        ],
        judge: judgement::messages,
    },
    Chart {
        id: "processor",
        title: "Processor",
        about: "Processor time of this process; 100 % is one core.",
        part: Part::Process,
        section: Section::Behind,
        headline: shown("used", Unit::Cores, Law::Rate(Figure::CpuSeconds)),
        lines: &[shown("used", Unit::Cores, Law::Rate(Figure::CpuSeconds))],
        least: 0.2,
        beside: &[],
        judge: judgement::fine,
    },
    Chart {
        id: "memory",
        title: "Memory",
        about: "What this process holds in memory.",
        part: Part::Process,
        section: Section::Behind,
        headline: shown("resident", Unit::Bytes, Law::Level(Figure::Memory)),
        lines: &[shown("resident", Unit::Bytes, Law::Level(Figure::Memory))],
        least: 67_108_864.0,
        beside: &[],
        judge: judgement::fine,
    },
];
