//! A checkout over `api`, `worker` and `till gateway`, from one client: one trace, with every hop in it and no secret.

use serde_json::{Value, json};

use super::{exporting_to, post_traced, trace_parent};
use crate::processes::deployment::stocked;
use crate::support::collector::{Collector, Span};
use crate::support::line::free_address;
use crate::support::processes::{Deployment, Process};
use crate::support::receiver::Receiver;
use crate::support::trace::Trace;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The three programs, exporting to one collector, and an endpoint that hears of everything.
struct Stand {
    shop: Deployment,
    collector: Collector,
    receiver: Receiver,
    api: Process,
    worker: Process,
    gateway: Process,
}

impl Stand {
    async fn open() -> Self {
        let (collector, receiver) = (Collector::start().await, Receiver::start().await);
        let shop = Deployment::up().await;
        let (http, gateway) = (free_address().await, free_address().await);
        let mut settings = exporting_to(&collector);
        settings.extend([
            ("TILL_LISTEN", http.to_string()),
            ("TILL_GATEWAY_LISTEN", gateway.to_string()),
            ("TILL_GATEWAY_URL", format!("http://{gateway}")),
            ("TILL_GATEWAY_CALLBACK_URL", format!("http://{http}")),
            ("TILL_WEBHOOKS_ALLOW_PRIVATE", receiver.origin()),
            ("TILL_RATE_LIMIT_USER", "token_bucket:600/60s".to_owned()),
        ]);
        let gateway = shop.gateway_with(&settings).await;
        gateway.said("the sandbox gateway is ready").await;
        let mut api = shop.api_with(&settings).await;
        let mut worker = shop.worker_with(&settings).await;
        api.ready().await;
        worker.ready().await;
        Self { shop, collector, receiver, api, worker, gateway }
    }

    /// Orders and pays under one trace; what the payment was answered.
    async fn check_out(&self, token: &str) -> Value {
        let parent = trace_parent(TRACE, "01");
        let fields = [("traceparent", parent.as_str()), ("tracestate", "shop=7")];
        let items = stocked(&self.shop, 10).await;
        let (status, order) =
            post_traced(&self.api, "/v1/orders", (token, "k1"), (&fields, &items)).await;
        assert_eq!(status, 201, "{order}");
        let pay = json!({
            "orderId": order["id"], "amount": order["totalAmount"], "currency": order["currency"],
            "paymentMethod": "pm_ok",
        });
        let (status, payment) =
            post_traced(&self.api, "/v1/payments", (token, "k2"), (&fields, &pay)).await;
        assert_eq!(status, 201, "{payment}");
        payment
    }

    /// All three end in order, having exported what they had.
    async fn end(mut self) -> Vec<Span> {
        for process in [&mut self.api, &mut self.worker, &mut self.gateway] {
            process.terminate().await;
            assert!(process.ended().await.success());
        }
        self.collector.spans()
    }
}

/// Two mails, three events and the call-back: each is done.
fn is_told(spans: &[Span]) -> bool {
    let count =
        |name: &str| spans.iter().filter(|span| span.trace == TRACE && span.name == name).count();
    count("smtp.send") >= 2
        && count("service.webhooks.deliver") >= 3
        && count("service.payments.receive_callback") >= 1
}

/// Each hop below the one that led to it.
const HOPS: &[&[&str]] = &[
    &["till-api: POST /v1/orders", "EVALSHA limits"],
    &["till-api: POST /v1/orders", "service.orders.place", "insert orders"],
    &["till-api: POST /v1/orders", "service.orders.place", "insert outbox"],
    &["till-api: POST /v1/orders", "service.orders.place", "COMMIT"],
    &[
        "till-api: POST /v1/payments",
        "till-worker: publish order.paid",
        "till-worker: process order_confirmation",
        "service.mails.send",
        "smtp.send",
    ],
    &[
        "till-api: POST /v1/orders",
        "till-worker: publish order.created",
        "till-worker: process events",
        "service.events.record",
        "till-worker: service.webhooks.deliver",
        "till-worker: POST",
    ],
    &["till-api: POST /v1/payments", "service.payments.charge", "insert payments"],
    &[
        "till-api: POST /v1/payments",
        "service.payments.charge",
        "till-api: POST /v1/charges",
        "till-gateway: POST /v1/charges",
        "till-gateway: POST",
        "till-api: POST /v1/gateway/callbacks",
        "service.payments.receive_callback",
    ],
    &[
        "till-api: POST /v1/payments",
        "till-worker: publish payment.succeeded",
        "till-worker: process payment_receipt",
        "smtp.send",
    ],
    &[
        "till-api: POST /v1/payments",
        "till-worker: publish order.paid",
        "till-worker: process events",
        "service.webhooks.deliver",
    ],
];

#[tokio::test]
async fn a_checkout_is_one_trace_from_the_client_to_its_mails_and_webhooks_and_holds_no_secret() {
    let stand = Stand::open().await;
    let token = stand.api.customer("ada").await;
    let hook = json!({ "url": stand.receiver.url("/hooks/s3cret-path"), "events": ["*"] });
    let (status, endpoint) =
        post_traced(&stand.api, "/v1/webhook-endpoints", (&token, "k0"), (&[], &hook)).await;
    assert_eq!(status, 201, "{endpoint}");
    stand.check_out(&token).await;
    stand.collector.wait_until(is_told).await;
    let (collector, receiver) = (stand.collector.clone(), stand.receiver.clone());
    let spans = stand.end().await;
    let trace = Trace::of(&spans, TRACE);
    let drawn = draw(&spans);
    let missing: Vec<_> = HOPS.iter().filter(|hops| trace.follow(hops).is_none()).collect();
    assert!(missing.is_empty(), "{missing:#?} are not in\n{drawn}");
    assert_conventions(&trace);
    assert_links(&spans);

    // The webhook's own field names the span that sent it.
    let sent: Vec<_> =
        receiver.came().iter().map(|one| one.header("traceparent").to_owned()).collect();
    let senders =
        trace.spans().iter().filter(|span| span.name == "POST" && span.service == "till-worker");
    for span in senders {
        let parent = format!("00-{TRACE}-{}-01", span.id);
        assert!(sent.contains(&parent), "{parent} is not in {sent:?}");
    }

    for secret in [
        "correct horse battery",
        token.as_str(),
        "pm_ok",
        "ada@example.com",
        "s3cret-path",
        endpoint["secret"].as_str().unwrap(),
        "whsec_",
        "Bearer",
        "INSERT INTO",
    ] {
        assert!(!collector.holds(secret), "{secret} is in a span");
    }
}

/// The trace, and after it those that are linked with it; kept for `make trace`.
fn draw(spans: &[Span]) -> String {
    let linked = spans.iter().filter(|span| span.links.iter().any(|link| link == TRACE));
    let mut drawn = Trace::of(spans, TRACE).draw();
    for batch in linked {
        drawn.push('\n');
        drawn.push_str(&Trace::of(spans, &batch.trace).draw());
    }
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/checkout-trace.txt"), &drawn).unwrap();
    drawn
}

fn assert_conventions(trace: &Trace) {
    let span = |steps: &[&str]| trace.follow(steps).unwrap();
    let order = span(&["till-api: POST /v1/orders"]);
    assert_eq!((order.kind.as_str(), order.parent.as_str()), ("server", "00f067aa0ba902b7"));
    for (attribute, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/orders"),
        ("url.path", "/v1/orders"),
        ("url.scheme", "http"),
        ("http.response.status_code", "201"),
        ("trace_id", ""),
    ] {
        assert_eq!(order.of(attribute), value, "{attribute}");
    }
    let query = span(&["insert orders"]);
    assert_eq!((query.kind.as_str(), query.of("db.system.name")), ("client", "postgresql"));
    assert_eq!(query.of("code.function.name"), "till::store::orders::insert");
    let redis = span(&["EVALSHA limits"]);
    assert_eq!((redis.kind.as_str(), redis.of("db.system.name")), ("client", "redis"));
    let charge = span(&["till-api: POST /v1/charges"]);
    assert_eq!((charge.kind.as_str(), charge.of("server.address")), ("client", "127.0.0.1"));
    assert_eq!(charge.of("http.response.status_code"), "201");
    let published = span(&["publish order.created"]);
    assert_eq!(
        (published.kind.as_str(), published.of("messaging.system")),
        ("producer", "rabbitmq")
    );
    let processed = span(&["publish order.created", "process events"]);
    assert_eq!(
        (processed.kind.as_str(), processed.of("messaging.system")),
        ("consumer", "rabbitmq")
    );
    assert_eq!(processed.of("messaging.destination.name"), "events");
    assert_eq!(
        processed.of("messaging.message.id"),
        span(&["publish order.created"]).of("messaging.message.id")
    );
}

/// A batch is a trace of its own, and points to those whose messages it took along.
fn assert_links(spans: &[Span]) {
    let batches: Vec<_> = spans.iter().filter(|span| span.name == "worker.relay").collect();
    assert!(
        batches.iter().any(|batch| batch.links.iter().any(|link| link == TRACE)),
        "{batches:#?}"
    );
    assert!(batches.iter().all(|batch| batch.trace != TRACE && batch.parent.is_empty()));
    let marked = |batch: &Span| {
        Trace::of(spans, &batch.trace).follow(&["worker.relay", "update_sent outbox"]).is_some()
    };
    assert!(batches.iter().any(|batch| marked(batch)));
    // No look for work that found none.
    assert!(spans.iter().all(|span| !span.parent.is_empty() || span.kind != "client"));
}
