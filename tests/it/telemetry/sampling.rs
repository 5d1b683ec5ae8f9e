//! Which traces are exported, and what becomes of a caller's own.

use serde_json::json;

use super::{exporting_to, post_traced, trace_parent};
use crate::support::collector::Collector;
use crate::support::processes::{Deployment, Process};
use crate::support::trace::Trace;

const RECORDED: &str = "0af7651916cd43dd8448eb211c80319c";
const UNRECORDED: &str = "0af7651916cd43dd8448eb211c80319d";

async fn api(shop: &Deployment, collector: &Collector, more: &[(&'static str, &str)]) -> Process {
    let mut settings = exporting_to(collector);
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let mut api = shop.api_with(&settings).await;
    api.ready().await;
    api
}

/// Asks for a token in vain; the status.
async fn ask(api: &Process, fields: &[(&str, &str)]) -> u16 {
    let nobody = json!({ "email": "nobody@example.com", "password": "correct horse battery" });
    post_traced(api, "/v1/auth/token", ("none", "k"), (fields, &nobody)).await.0
}

async fn end(mut api: Process) {
    api.terminate().await;
    assert!(api.ended().await.success());
}

#[tokio::test]
async fn a_callers_decision_is_followed_and_its_log_lines_bear_its_trace_whatever_it_was() {
    let (shop, collector) = (Deployment::up().await, Collector::start().await);
    let headers = [("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20key")];
    let api = api(&shop, &collector, &headers).await;
    for (trace, flags) in [(UNRECORDED, "00"), (RECORDED, "01")] {
        ask(&api, &[("traceparent", &trace_parent(trace, flags))]).await;
        let line = api.said(&format!("trace_id={trace}")).await;
        assert!(line.contains("http.request"), "{line}");
    }
    end(api).await;
    let spans = collector.spans();
    assert!(Trace::of(&spans, RECORDED).follow(&["till-api: POST /v1/auth/token"]).is_some());
    assert!(Trace::of(&spans, UNRECORDED).spans().is_empty());
    // Probes were asked, and the database was: neither begins a trace.
    let traces: Vec<_> = spans.iter().filter(|span| span.trace != RECORDED).collect();
    assert!(traces.is_empty(), "{traces:#?}");
    for headers in collector.headers() {
        assert_eq!(headers["authorization"], "Bearer key");
        assert_eq!(headers["content-type"], "application/x-protobuf");
    }
}

#[tokio::test]
async fn a_sampler_without_parents_ignores_what_callers_say() {
    let (shop, collector) = (Deployment::up().await, Collector::start().await);
    let api = api(&shop, &collector, &[("OTEL_TRACES_SAMPLER", "always_off")]).await;
    assert_eq!(ask(&api, &[("traceparent", &trace_parent(RECORDED, "01"))]).await, 401);
    end(api).await;
    assert_eq!(collector.exports(), 0);
}

#[tokio::test]
async fn a_malformed_trace_is_no_error_and_a_new_one_begins() {
    let (shop, collector) = (Deployment::up().await, Collector::start().await);
    let api = api(&shop, &collector, &[("OTEL_SERVICE_NAME", "shop/api")]).await;
    let good = trace_parent(RECORDED, "01");
    let zero = good.replace(RECORDED, "00000000000000000000000000000000");
    let (upper, future) = (good.to_uppercase(), good.replacen("00", "ff", 1));
    let malformed: [&[(&str, &str)]; 5] = [
        &[("traceparent", &zero)],
        &[("traceparent", &upper)],
        &[("traceparent", &future)],
        &[("traceparent", good.get(..54).unwrap())],
        &[("traceparent", &good), ("traceparent", &good)],
    ];
    for fields in malformed {
        assert_eq!(ask(&api, fields).await, 401, "{fields:?}");
    }
    end(api).await;
    let asked: Vec<_> =
        collector.spans().into_iter().filter(|span| span.name == "POST /v1/auth/token").collect();
    assert_eq!(asked.len(), malformed.len());
    for span in asked {
        assert_eq!((span.parent.as_str(), span.service.as_str()), ("", "shop/api"));
        assert_ne!(span.trace.to_lowercase(), RECORDED);
    }
}
