//! What the provider refuses and how.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{API_KEY, Sandbox, answer, order, with};

#[tokio::test]
async fn a_call_without_exactly_the_api_key_is_refused_and_charges_nothing() {
    let sandbox = Sandbox::start().await;
    let url = format!("http://{}/v1/charges", sandbox.address);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let right = format!("Bearer {API_KEY}");
    let cases: [&[&str]; 6] =
        [&[], &["Bearer"], &["Bearer "], &["Bearer wrong"], &["Basic sk_test"], &[&right, &right]];
    for headers in cases {
        let request = http.post(&url).header("idempotency-key", "k").json(&order("pm_ok"));
        let request = headers.iter().fold(request, |all, one| all.header("authorization", *one));
        let refused = answer(request).await.unwrap();
        assert_eq!((refused.status, refused.code()), (401, "unauthorized"), "{headers:?}");
    }
    assert!(sandbox.record().await.is_empty());
}

#[tokio::test]
async fn a_charge_out_of_bounds_is_refused_and_records_nothing() {
    let sandbox = Sandbox::start().await;
    let wrong: [(&str, Value); 14] = [
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!(1.5)),
        ("amount", json!("100")),
        ("amount", json!(100_000_000_000_i64)),
        ("currency", json!("EURO")),
        ("currency", json!("eur")),
        ("currency", json!("XAU")),
        ("paymentMethod", json!("")),
        ("capture", json!("yes")),
        ("callbackUrl", json!("file:///etc/passwd")),
        ("callbackUrl", json!("not a URL")),
        ("metadata", json!({ "": "empty" })),
        ("amuont", json!(1)),
    ];
    for (member, value) in wrong {
        let refused = sandbox.post("/v1/charges", "k", with(order("pm_ok"), member, value)).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid_request"), "{member}");
    }
    assert!(sandbox.record().await.is_empty());
}

#[tokio::test]
async fn an_unreadable_request_is_refused_with_its_reason() {
    let sandbox = Sandbox::start().await;
    let post = || sandbox.request(Method::POST, "/v1/charges").header("idempotency-key", "k");
    let json = "application/json";
    let cases = [
        (post().header("content-type", json).body("{"), 400, "malformed_request"),
        (post().body("amount=1"), 415, "unsupported_media_type"),
        (
            post().header("content-type", json).body(format!("\"{}\"", "x".repeat(256 * 1024))),
            413,
            "payload_too_large",
        ),
        (sandbox.request(Method::DELETE, "/v1/charges"), 405, "method_not_allowed"),
        (sandbox.request(Method::GET, "/v1/nothing"), 404, "not_found"),
        (sandbox.request(Method::GET, "/nothing"), 404, "not_found"),
        (sandbox.request(Method::GET, "/v1/charges/ch_1"), 404, "not_found"),
        (sandbox.request(Method::GET, "/v1/charges"), 422, "invalid_request"),
        (sandbox.request(Method::GET, "/sandbox/charges?limit=1001"), 422, "invalid_request"),
    ];
    for (request, status, code) in cases {
        let refused = answer(request).await.unwrap();
        assert_eq!((refused.status, refused.code()), (status, code));
    }
}

#[tokio::test]
async fn an_authorized_charge_is_captured_in_part_once() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.authorize("k").await;
    assert_eq!(charge.body["status"], "authorized");
    let path = format!("/v1/charges/{}/capture", charge.id());
    let too_much = sandbox.post(&path, "c0", json!({ "amount": 1_001 })).await;
    assert_eq!((too_much.status, too_much.code()), (409, "capture_exceeds_charge"));
    let captured = sandbox.post(&path, "c1", json!({ "amount": 400 })).await;
    assert_eq!((captured.status, &captured.body["amountCaptured"]), (200, &json!(400)));
    let again = sandbox.post(&path, "c2", json!({ "amount": 600 })).await;
    assert_eq!((again.status, again.code()), (409, "charge_not_capturable"));
}

#[tokio::test]
async fn an_authorized_charge_is_canceled_and_stays_so() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.authorize("k").await;
    let path = format!("/v1/charges/{}", charge.id());
    let canceled = sandbox.post(&format!("{path}/cancel"), "x", json!({})).await;
    assert_eq!((canceled.status, &canceled.body["status"]), (200, &json!("canceled")));
    let late = sandbox.post(&format!("{path}/capture"), "c", json!({ "amount": 1 })).await;
    assert_eq!((late.status, late.code()), (409, "charge_not_capturable"));
    assert_eq!(sandbox.get(&path).await.body, canceled.body);
}

#[tokio::test]
async fn the_record_is_paged_in_the_order_of_charges() {
    let sandbox = Sandbox::start().await;
    for key in ["a", "b", "c"] {
        sandbox.charge(key, "pm_ok").await;
    }
    let first = sandbox.get("/sandbox/charges?limit=2").await.body;
    assert_eq!(first["next"], 2);
    let rest = sandbox.get("/sandbox/charges?limit=2&after=2").await.body;
    assert_eq!((&rest["data"][0]["key"], &rest["next"]), (&json!("c"), &Value::Null));
    let one = sandbox.get("/sandbox/charges?key=b").await.body;
    assert_eq!(one["data"], json!([first["data"][1]]));
    assert_eq!(sandbox.get("/sandbox/charges?key=z").await.body["data"], json!([]));
}
