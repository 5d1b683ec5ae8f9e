//! A collector that is away, or takes and never answers: requests are answered as before, memory is bounded, the stop is.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::{exporting_to, post_traced};
use crate::support::collector::Collector;
use crate::support::directory::PATIENCE;
use crate::support::line::free_address;
use crate::support::processes::{Deployment, Process};

/// More spans than may wait: each of these requests makes several.
const REQUESTS: usize = 4_000;

/// A number that `/metrics` shows; zero where it is not there yet.
async fn metric(api: &Process, series: &str) -> u64 {
    let text = api.metrics().await;
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse().unwrap())
}

/// Asks for products, many at a time.
async fn browse(api: &Process, requests: usize) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let browsing = (0..16).map(|_| {
        let (client, url) = (client.clone(), format!("http://{}/v1/users/me", api.http));
        async move {
            for _ in 0..requests / 16 {
                // Without a token: refused, after the limits were asked.
                assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
            }
        }
    });
    futures_util::future::join_all(browsing).await;
}

/// It ends although an export is under way that never will.
async fn stop(mut api: Process) {
    api.terminate().await;
    assert!(api.ended().await.success());
    assert_eq!(api.count_said("work cut off"), 0);
}

#[tokio::test]
async fn a_collector_that_is_away_is_told_of_once_and_what_it_would_get_is_counted() {
    let shop = Deployment::up().await;
    let nobody = free_address().await;
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{nobody}"))];
    let mut api = shop.api_with(&settings).await;
    api.ready().await;
    let token = api.customer("ada").await;
    api.said("spans can't be exported").await;
    let answer = api.get("/v1/users/me", &token).await.unwrap();
    assert_eq!(answer.status(), 200);
    let failed = "till_spans_dropped_total{reason=\"export_failed\"}";
    let before = metric(&api, failed).await;
    let failing_again = async {
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while metric(&api, failed).await <= before {
            api.get("/v1/users/me", &token).await.unwrap();
            looks.tick().await;
        }
    };
    assert!(timeout(PATIENCE, failing_again).await.is_ok(), "no further export failed");
    assert_eq!(api.count_said("spans can't be exported"), 1);
    stop(api).await;
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_no_request_and_no_memory_beyond_the_queue() {
    let (shop, collector) = (Deployment::up().await, Collector::start().await);
    collector.hang();
    let mut settings = exporting_to(&collector);
    settings.push(("TILL_LOAD_SHED", "off".to_owned()));
    let mut api = shop.api_with(&settings).await;
    api.ready().await;
    browse(&api, REQUESTS).await;
    collector.wait_for_exports(1).await;
    let full = "till_spans_dropped_total{reason=\"queue_full\"}";
    let filling = async {
        while metric(&api, full).await == 0 {
            browse(&api, REQUESTS).await;
        }
    };
    assert!(timeout(PATIENCE, filling).await.is_ok(), "the queue was never full");
    // With the queue full every further span is dropped: memory stands still.
    let resident = "process_resident_memory_bytes";
    let (before, dropped) = (metric(&api, resident).await, metric(&api, full).await);
    browse(&api, 4 * REQUESTS).await;
    assert!(metric(&api, full).await > dropped + 1_000);
    let grown = metric(&api, resident).await.saturating_sub(before);
    assert!(grown < 24 << 20, "{grown} bytes more");
    stop(api).await;
}

#[tokio::test]
async fn what_still_waits_at_the_stop_is_exported() {
    let (shop, collector) = (Deployment::up().await, Collector::start().await);
    let mut api = shop.api_with(&exporting_to(&collector)).await;
    api.ready().await;
    let trace = "0af7651916cd43dd8448eb211c80319e";
    let parent = super::trace_parent(trace, "01");
    let nobody = json!({ "email": "nobody@example.com", "password": "correct horse battery" });
    for _ in 0..20 {
        let fields = [("traceparent", parent.as_str())];
        post_traced(&api, "/v1/auth/token", ("none", "k"), (&fields, &nobody)).await;
    }
    api.terminate().await;
    assert!(api.ended().await.success());
    let spans = collector.spans();
    let asked = spans.iter().filter(|span| span.trace == trace && span.kind == "server").count();
    assert_eq!(asked, 20);
    assert_eq!(api.count_said("not all spans"), 0);
}
