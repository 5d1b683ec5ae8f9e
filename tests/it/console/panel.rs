//! The panel of `till up`: what it breaks is seen on the console, checkout survives it, and strangers can't press its buttons.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::directory::{Directory, PATIENCE};
use crate::support::program::Up;

const MUG: &str = "01890a5d-ac96-774b-bcce-b302099a9001";
const PRICE: i64 = 3_900;

/// What the console shows once it shows this.
async fn shown(up: &Up, what: &str, fact: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        loop {
            let view: Value = serde_json::from_str(&up.ops("/console/data").await).unwrap();
            if fact(&view) {
                return view;
            }
            looks.tick().await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, looking).await;
    seen.unwrap_or_else(|_| unreachable!("the console never showed {what}"))
}

/// The first line's figure of a chart.
fn figure(view: &Value, chart: &str) -> Option<f64> {
    let charts = view["charts"].as_array().unwrap();
    let chart = charts.iter().find(|found| found["id"] == chart).unwrap();
    chart["lines"][0]["value"].as_f64()
}

fn circuit_is(state: f64) -> impl Fn(&Value) -> bool {
    move |view| figure(view, "circuits").is_some_and(|shown| (shown - state).abs() < 0.1)
}

const CLOSED: f64 = 0.0;
const OPEN: f64 = 2.0;

/// Orders a mug and pays it; both statuses.
async fn buy(up: &Up, token: &str, key: &str) -> (u16, u16) {
    let send = |path: &str, body: Value| {
        up.request(Method::POST, path)
            .bearer_auth(token)
            .header("idempotency-key", format!("{key}{path}"))
            .json(&body)
            .send()
    };
    let items = json!({ "items": [{ "productId": MUG, "quantity": 1 }] });
    let order = send("/v1/orders", items).await.unwrap();
    let placed = order.status().as_u16();
    let order: Value = order.json().await.unwrap();
    let body = json!({ "orderId": order["id"], "amount": PRICE, "currency": "MYR" });
    (placed, send("/v1/payments", body).await.unwrap().status().as_u16())
}

/// How many mails the demo's customer got.
async fn mails(up: &Up) -> usize {
    up.ops("/mail").await.matches("demo@example.com").count()
}

#[tokio::test]
async fn a_gateway_that_fails_opens_the_circuit_and_orders_go_on() {
    let directory = Directory::new("console-gateway");
    let up = Up::start(&directory).await;
    let calm = shown(&up, "a closed circuit", circuit_is(CLOSED)).await;
    assert_eq!(calm["panel"]["gateway"]["state"], "well");

    assert_eq!(up.turn("gateway", "to=failing").await, 303);
    assert_eq!(up.turn("burst", "to=start").await, 303);
    let open = shown(&up, "an open circuit", circuit_is(OPEN)).await;
    assert_eq!(open["panel"]["gateway"]["state"], "failing");
    let circuits =
        open["charts"].as_array().unwrap().iter().find(|chart| chart["id"] == "circuits").unwrap();
    assert_eq!((&circuits["level"], &circuits["now"]), (&json!("alarm"), &json!("open")));
    // A busy machine would also shed: what follows is about the circuit alone.
    assert_eq!(up.turn("burst", "to=stop").await, 303);
    let token = up.token("demo@example.com").await.unwrap();
    let (placed, paid) = buy(&up, &token, "while-open").await;
    assert_eq!(placed, 201, "an order needs no gateway");
    // 202 where this very call was the probe of a circuit that was half-open.
    assert!(paid == 503 || paid == 202, "{paid}");

    assert_eq!(up.turn("gateway", "to=well").await, 303);
    let closing = async {
        for round in 0.. {
            // The circuit's pause is over, by the service's clock; calls are its probes.
            up.advance_clock("PT11S").await;
            buy(&up, &token, &format!("probe-{round}")).await;
            let view: Value = serde_json::from_str(&up.ops("/console/data").await).unwrap();
            if circuit_is(CLOSED)(&view) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, closing).await.unwrap();
    let (placed, paid) = buy(&up, &token, "afterwards").await;
    assert_eq!((placed, paid), (201, 201));
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn a_worker_that_rests_lets_messages_pile_up_and_works_them_off_afterwards() {
    let directory = Directory::new("console-worker");
    let up = Up::start(&directory).await;
    assert_eq!(up.turn("worker", "to=rest").await, 303);
    let resting = |view: &Value| {
        view["panel"]["worker"]["word"].as_str().is_some_and(|word| word.starts_with("It rests"))
    };
    shown(&up, "a worker at rest", resting).await;
    // The demo's own past has brought some.
    let before = mails(&up).await;
    let token = up.token("demo@example.com").await.unwrap();
    assert_eq!(buy(&up, &token, "meanwhile").await, (201, 201));
    let unsent = |view: &Value| figure(view, "outbox").unwrap_or(0.0);
    shown(&up, "messages that wait", |view| unsent(view) >= 2.0).await;
    assert_eq!(mails(&up).await, before, "nobody wrote a mail meanwhile");

    assert_eq!(up.turn("worker", "to=work").await, 303);
    shown(&up, "an empty outbox", |view| unsent(view) < 0.5).await;
    let view = shown(&up, "a worker at work", |view| !resting(view)).await;
    assert_eq!(view["panel"]["worker"]["state"], "work");
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    let mailed = async {
        while mails(&up).await < before + 2 {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, mailed).await.unwrap();
    // The worker rests while the process stops, too.
    assert_eq!(up.turn("worker", "to=rest").await, 303);
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn there_is_one_burst_at_a_time_and_it_ends_when_told() {
    let directory = Directory::new("console-burst");
    let up = Up::start(&directory).await;
    let burst = |view: &Value| view["panel"]["burst"].clone();
    assert_eq!(up.turn("burst", "to=start").await, 303);
    assert_eq!(up.turn("burst", "to=start").await, 409);
    let busy = |view: &Value| {
        figure(view, "requests").is_some_and(|rate| rate > 1.0)
            && !burst(view)["word"].as_str().unwrap().contains(": 0 ordered")
    };
    let view = shown(&up, "orders of the burst", busy).await;
    assert_eq!(burst(&view)["state"], "start");
    assert_eq!(up.turn("burst", "to=stop").await, 303);
    let over = |view: &Value| burst(view)["word"].as_str().unwrap().starts_with("Over: ");
    let view = shown(&up, "the end of the burst", over).await;
    assert_eq!(burst(&view)["state"], "stop");
    // Another may begin, and a stop of the process ends it.
    assert_eq!(up.turn("burst", "to=start").await, 303);
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn pages_of_others_press_no_button() {
    let directory = Directory::new("console-strangers");
    let up = Up::start(&directory).await;
    let stranger = up
        .ops_request(Method::POST, "/console/gateway")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("to=failing");
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")] {
        let answer = stranger.try_clone().unwrap().header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{name}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let rebound = stranger.header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
    for (control, form) in
        [("gateway", "to=angry"), ("burst", "to="), ("worker", "stop"), ("gateway", "to=well&x=1")]
    {
        assert_eq!(up.turn(control, form).await, 422, "{control} {form}");
    }
    let view = shown(&up, "anything", |_| true).await;
    assert_eq!(view["panel"]["gateway"]["state"], "well");
    assert_eq!(view["panel"]["worker"]["state"], "work");
    assert_eq!(up.interrupt().await, Some(0));
}
