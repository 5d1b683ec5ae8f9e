//! What the production programs show at `/metrics`: of the right kind, by name, and no more of it however they are asked.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use serde_json::json;
use till::telemetry::catalogue::{Kind, find};
use tokio::time::timeout;

use crate::support::directory::PATIENCE;
use crate::support::processes::{Deployment, Process};

/// The series of a text, without their values.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

/// The value of a series.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// Waits until it shows what is looked for, and gives all that it shows.
async fn shown(process: &Process, is_there: impl Fn(&str) -> bool) -> String {
    let looking = async {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            looks.tick().await;
            let text = process.metrics().await;
            if is_there(&text) {
                return text;
            }
        }
    };
    match timeout(PATIENCE, looking).await {
        Ok(text) => text,
        Err(_elapsed) => unreachable!("it was never shown: {}", process.metrics().await),
    }
}

#[tokio::test]
async fn api_and_worker_show_only_what_the_catalogue_has_each_with_its_type_and_labels() {
    let shop = Deployment::up().await;
    let (mut api, mut worker) = (shop.api().await, shop.worker().await);
    api.ready().await;
    worker.ready().await;
    api.customer("ada").await;
    assert_eq!(shop.sink.wait_for(1).await.len(), 1);
    for process in [&api, &worker] {
        let text = process.metrics().await;
        for kind in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(find(name).map(|metric| metric.kind.as_str()), Some(kind), "{name}");
            assert!(text.contains(&format!("# HELP {name} ")), "{name} tells nothing of itself");
        }
        for series in series(&text) {
            let (name, labels) = series.split_once('{').unwrap_or((&series, "}"));
            let of_histogram = || {
                let ends = ["_bucket", "_sum", "_count"];
                let name = ends.iter().find_map(|end| name.strip_suffix(end))?;
                find(name).filter(|metric| matches!(metric.kind, Kind::Histogram(_)))
            };
            let metric = find(name).or_else(of_histogram).unwrap();
            for label in labels.split("\",").filter_map(|label| Some(label.split_once("=\"")?.0)) {
                let named = metric.labels.iter().any(|known| known.name == label);
                assert!(named || label == "le", "{series}: {label} is not in the catalogue");
            }
        }
    }
}

#[tokio::test]
async fn ten_thousand_addresses_hosts_and_methods_of_a_scanner_make_no_series() {
    let shop = Deployment::up().await;
    let mut api = shop.api().await;
    api.ready().await;
    let address = format!("http://{}", api.http);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let probe = |n: u32| {
        let method = reqwest::Method::from_bytes(format!("PROBE{}", n % 97).as_bytes()).unwrap();
        let method = if n.is_multiple_of(2) { reqwest::Method::GET } else { method };
        let below = ["", "/v1", "/v1/products", "/v1/orders", "/docs"][(n % 5) as usize];
        let host = format!("host{n}.example");
        let request = client.request(method, format!("{address}{below}/{n}.php?id={n}"));
        let request = request.header("host", host).header("user-agent", format!("scanner {n}"));
        async move { drop(request.send().await.unwrap().bytes().await) }
    };
    let scan = async |numbers: std::ops::Range<u32>| {
        for from in numbers.step_by(50) {
            join_all((from..from + 50).map(probe)).await;
        }
    };
    scan(0..1_000).await;
    let before = series(&api.metrics().await);
    scan(1_000..10_000).await;
    let after = series(&api.metrics().await);
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(after.iter().any(|series| series.contains("http_request_method=\"_OTHER\"")));
    assert!(after.iter().all(|series| !series.contains("PROBE") && !series.contains(".php")));
}

#[tokio::test]
async fn a_dependency_that_goes_away_is_shown_without_anybody_asking_for_it() {
    let shop = Deployment::up().await;
    let mut worker = shop.worker().await;
    worker.ready().await;
    let is = |up: u8| format!("dependency_up{{dependency=\"redis\"}} {up}\n");
    shown(&worker, |text| text.contains(&is(1))).await;
    shop.redis.cut().await;
    shown(&worker, |text| text.contains(&is(0))).await;
    shop.redis.open().await;
    shown(&worker, |text| text.contains(&is(1))).await;
}

#[tokio::test]
async fn queues_of_the_broker_are_measured_and_unknown_once_there_is_no_line_to_it() {
    let shop = Deployment::up().await;
    let mut worker = shop.worker().await;
    worker.ready().await;
    let consumers = "till_queue_consumers{queue=\"welcome_mail\"}";
    // One queue is asked after the other.
    let dead = "till_queue_messages{queue=\"dead\"}";
    let measured = |text: &str| (value(text, consumers), value(text, dead));
    shown(&worker, |text| measured(text) == (Some(1.0), Some(0.0))).await;
    shop.rabbit.line.cut().await;
    shown(&worker, |text| value(text, consumers).is_some_and(f64::is_nan)).await;
    shop.rabbit.line.open().await;
    shown(&worker, |text| value(text, consumers) == Some(1.0)).await;
}

#[tokio::test]
async fn a_queue_that_is_gone_is_unknown_until_it_is_back_and_hides_no_other() {
    let shop = Deployment::up().await;
    let mut worker = shop.worker().await;
    worker.ready().await;
    let messages = |queue: &str| format!("till_queue_messages{{queue=\"{queue}\"}}");
    // Nobody takes from it, so that no consumer's end tells of it.
    let (gone, after) = (messages("delay.1000"), messages("delay.4000"));
    shown(&worker, |text| value(text, &gone) == Some(0.0)).await;
    let (_connection, channel) = shop.rabbit.channel().await;
    let name = format!("{}.delay.1000", shop.rabbit.prefix);
    channel.queue_delete(name.clone().into(), QueueDeleteOptions::default()).await.unwrap();
    let is_unknown = |text: &str| value(text, &gone).is_some_and(f64::is_nan);
    let text = shown(&worker, is_unknown).await;
    worker.said("of the broker's queues are isn't known").await;
    assert_eq!((value(&text, &messages("dead")), value(&text, &after)), (Some(0.0), Some(0.0)));
    let options = QueueDeclareOptions::durable();
    channel.queue_declare(name.into(), options, FieldTable::default()).await.unwrap();
    shown(&worker, |text| value(text, &gone) == Some(0.0)).await;
    assert_eq!(worker.count_said("of the broker's queues are isn't known"), 1);
}

#[tokio::test]
async fn a_checkout_is_seen_in_connections_pool_gateway_payments_and_messages() {
    let shop = Deployment::up().await;
    let (mut api, mut worker) = (shop.api().await, shop.worker().await);
    api.ready().await;
    worker.ready().await;
    let token = api.customer("ada").await;
    for (key, method) in [("one", "pm_ok"), ("two", "pm_expired")] {
        let payment = json!({ "amount": 700, "currency": "MYR", "paymentMethod": method });
        let answer = api.post_keyed("/v1/payments", &token, key, &payment).await.unwrap();
        assert!([201, 402].contains(&answer.status().as_u16()), "{answer:?}");
    }
    let text = api.metrics().await;
    let is = |series: &str| value(&text, series);
    let taken = "till_payments_total{status=\"succeeded\",decline_code=\"\"}";
    let declined = "till_payments_total{status=\"failed\",decline_code=\"expired_card\"}";
    assert_eq!((is(taken), is(declined)), (Some(1.0), Some(1.0)), "{text}");
    assert_eq!(is("dependency_up{dependency=\"payment_gateway\"}"), Some(1.0));
    let pool = "db_client_connection_pool_name=\"postgres\"";
    assert_eq!(is(&format!("db_client_connection_max{{{pool}}}")), Some(8.0));
    assert!(is(&format!("db_client_connection_wait_time_seconds_count{{{pool}}}")) > Some(3.0));
    assert_eq!(is(&format!("db_client_connection_pending_requests{{{pool}}}")), Some(0.0));
    assert!(is("http_server_connections_total{listener=\"api\"}") >= Some(1.0));
    let charged = "http_client_request_duration_seconds_count{http_request_method=\"POST\"";
    assert!(text.contains(charged) && text.contains("url_template=\"/v1/charges\""), "{text}");
    let seen = "till_events_total{type=\"payment.succeeded\"}";
    let text = shown(&worker, |text| value(text, seen) == Some(1.0)).await;
    assert!(value(&text, "till_message_age_seconds_count{consumer=\"events\"}") >= Some(1.0));
    assert_eq!(value(&text, "till_dead_letters_kept{consumer=\"events\"}"), Some(0.0));
}
