//! The page as a browser and a program get it: whole without a script, of one origin, and with no control where none belongs.

use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use till::ops::{
    Console, ConsoleParts, Health, Importance, MetricsText, OpsParts, Probe, Program, Readiness,
    router,
};

use tower::ServiceExt;

use crate::support::processes::Deployment;

/// The operators' listener of a program whose metrics are this text.
fn listener(program: Program, metrics: &'static str) -> Router {
    let part = Probe::new("postgres", Importance::Required, || ready(Ok::<(), Infallible>(())));
    let health = Health::new(Readiness::default(), vec![part]);
    let metrics = MetricsText::new(move || metrics.to_owned());
    let parts =
        ConsoleParts { program, metrics: metrics.clone(), health: health.clone(), panel: None };
    let console = Console::new(parts);
    router(OpsParts { health, metrics, console, test_clock: None, mail: None, webhooks: None })
}

async fn get(router: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, headers, String::from_utf8(body.into()).unwrap())
}

async fn data(router: &Router) -> Value {
    let (status, headers, text) = get(router, "/console/data").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["cache-control"], "no-store");
    serde_json::from_str(&text).unwrap()
}

const METRICS: &str = r#"
load_shed_in_flight 3
load_shed_limit 8
circuit_breaker_state{name="payment_gateway"} 2
rate_limited_total{policy="<script>alert(1)</script>"} 4
till_outbox_unsent 1234
till_outbox_oldest_seconds 61
"#;

#[tokio::test]
async fn without_a_script_the_page_has_every_figure_of_now() {
    let (status, _, page) = get(&listener(Program::Up, METRICS), "/console").await;
    assert_eq!(status, StatusCode::OK);
    for expected in [
        "Golden signals",
        "payment gateway",
        "<b class=\"now\">open</b>",
        "a circuit is open",
        "1,234",
        "far behind",
        "postgres: <b>up</b>",
        "<noscript>",
    ] {
        assert!(page.contains(expected), "{expected} is not in:\n{page}");
    }
    assert!(!page.contains("<script>alert"), "what a label holds is text");
    assert!(!page.contains("Break things"));
}

#[tokio::test]
async fn all_that_the_page_loads_is_served_beside_it_and_nothing_else_may_be() {
    let ops = listener(Program::Up, METRICS);
    let (_, headers, page) = get(&ops, "/console").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    for rule in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.contains("style=") && !page.contains("http://") && !page.contains("https://"));
    let loaded: Vec<&str> = ["src=\"", "link rel=\"stylesheet\" href=\""]
        .iter()
        .flat_map(|mark| page.split(mark).skip(1).filter_map(|rest| rest.split('"').next()))
        .collect();
    assert!(loaded.len() >= 3, "{loaded:?}");
    for path in loaded {
        let (status, headers, _) = get(&ops, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn a_program_draws_the_parts_that_run_in_it() {
    let ids = |view: &Value| -> Vec<String> {
        let charts = view["charts"].as_array().unwrap();
        charts.iter().map(|chart| chart["id"].as_str().unwrap().to_owned()).collect()
    };
    let api = data(&listener(Program::Api, METRICS)).await;
    let worker = data(&listener(Program::Worker, METRICS)).await;
    let up = data(&listener(Program::Up, METRICS)).await;
    assert!(ids(&api).contains(&"latency".to_owned()) && !ids(&api).contains(&"outbox".to_owned()));
    assert!(ids(&worker).contains(&"outbox".to_owned()));
    assert!(!ids(&worker).contains(&"latency".to_owned()));
    assert!(ids(&up).len() > ids(&api).len().max(ids(&worker).len()));
    assert_eq!(up["program"], "till up");
    assert_eq!(up["parts"][0]["state"], "up");
    assert_eq!(up["panel"], Value::Null);
}

#[tokio::test]
async fn a_figure_that_the_process_does_not_have_is_unknown_and_not_zero() {
    let view = data(&listener(Program::Up, "")).await;
    let charts = view["charts"].as_array().unwrap();
    let outbox = charts.iter().find(|chart| chart["id"] == "outbox").unwrap();
    assert_eq!(outbox["now"], "–");
    assert_eq!(outbox["lines"][0]["value"], Value::Null);
    assert_eq!(outbox["lines"][0]["path"], "");
}

#[tokio::test]
async fn production_programs_show_the_console_and_have_no_control() {
    let shop = Deployment::up().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (mut process, chart) in
        [(shop.api().await, "chart-latency"), (shop.worker().await, "chart-outbox")]
    {
        process.ready().await;
        let ops = format!("http://{}", process.ops);
        let page = client.get(format!("{ops}/console")).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        assert!(page.contains(chart) && !page.contains("Break things"), "{page}");
        for control in ["gateway", "burst", "worker"] {
            let post = client.post(format!("{ops}/console/{control}")).body("to=stop");
            assert_eq!(post.send().await.unwrap().status(), 404, "{control}");
        }
    }
}
