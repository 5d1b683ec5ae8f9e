//! One key, one effect.

use futures_util::future::join_all;
use serde_json::json;

use super::support::{Sandbox, order, with};

#[tokio::test]
async fn the_same_key_and_body_charge_once_even_in_parallel() {
    let sandbox = Sandbox::start().await;
    let answers = join_all((0..20).map(|_| sandbox.charge("k", "pm_ok"))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.authorize("k").await;
    let path = format!("/v1/charges/{}", charge.id());
    sandbox.post(&format!("{path}/capture"), "c", json!({ "amount": 5 })).await;
    let reused = [
        sandbox.post("/v1/charges", "k", with(order("pm_ok"), "amount", json!(999))).await,
        sandbox.post("/v1/charges", "c", order("pm_ok")).await,
        sandbox.post(&format!("{path}/capture"), "c", json!({ "amount": 6 })).await,
        sandbox.post(&format!("{path}/cancel"), "c", json!({})).await,
        sandbox.post(&format!("{path}/refunds"), "k", json!({ "amount": 5 })).await,
    ];
    for refused in reused {
        assert_eq!((refused.status, refused.code()), (409, "idempotency_key_reused"));
    }
}

#[tokio::test]
async fn a_repeated_key_answers_the_charge_as_it_now_is() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.authorize("k").await;
    let path = format!("/v1/charges/{}/capture", charge.id());
    let captured = sandbox.post(&path, "c", json!({ "amount": 400 })).await;
    assert_eq!(sandbox.post(&path, "c", json!({ "amount": 400 })).await, captured);
    assert_eq!(sandbox.authorize("k").await, captured);
}

#[tokio::test]
async fn a_key_tells_what_it_did_or_that_it_did_nothing() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.authorize("k").await;
    let path = format!("/v1/charges/{}", charge.id());
    sandbox.post(&format!("{path}/capture"), "c", json!({ "amount": 400 })).await;
    let refund = sandbox.post(&format!("{path}/refunds"), "r", json!({ "amount": 100 })).await;
    for (key, kind, amount) in [("k", "charge", 1_000), ("c", "capture", 400), ("r", "refund", 100)]
    {
        let did = sandbox.get(&format!("/v1/operations?key={key}")).await.body;
        assert_eq!((&did["kind"], &did["amount"]), (&json!(kind), &json!(amount)));
        assert_eq!(did["chargeId"], charge.id());
    }
    assert_eq!(sandbox.get("/v1/refunds?key=r").await.body, refund.body);
    for nothing in ["/v1/operations?key=z", "/v1/refunds?key=c", "/v1/charges?key=r"] {
        assert_eq!(sandbox.get(nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn a_charge_without_a_proper_key_is_refused() {
    let sandbox = Sandbox::start().await;
    let post = || sandbox.request(reqwest::Method::POST, "/v1/charges").json(&order("pm_ok"));
    let cases = [
        (post(), "idempotency_key_missing"),
        (post().header("idempotency-key", ""), "idempotency_key_invalid"),
        (post().header("idempotency-key", "two words"), "idempotency_key_invalid"),
        (post().header("idempotency-key", "k".repeat(256)), "idempotency_key_invalid"),
        (
            post().header("idempotency-key", "a").header("idempotency-key", "b"),
            "idempotency_key_invalid",
        ),
    ];
    for (request, code) in cases {
        let refused = super::support::answer(request).await.unwrap();
        assert_eq!((refused.status, refused.code()), (400, code));
    }
}
