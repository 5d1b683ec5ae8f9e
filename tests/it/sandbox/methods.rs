//! Each payment method does what the table says.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Folder, Receiver, Sandbox, order, with};

#[tokio::test]
async fn declining_methods_answer_201_with_the_reason_and_take_nothing() {
    let sandbox = Sandbox::start().await;
    for (method, code) in [
        ("pm_declined", "card_declined"),
        ("pm_insufficient_funds", "insufficient_funds"),
        ("pm_expired", "expired_card"),
        ("pm_unheard_of", "invalid_payment_method"),
    ] {
        let declined = sandbox.charge(method, method).await;
        assert_eq!((declined.status, &declined.body["status"]), (201, &json!("declined")));
        assert_eq!(declined.body["failure"]["code"], code);
        assert_eq!(declined.body["amountCaptured"], 0);
    }
}

#[tokio::test]
async fn succeeding_methods_take_the_whole_amount() {
    let sandbox = Sandbox::start().await;
    for method in ["pm_ok", "pm_slow"] {
        let charge = sandbox.charge(method, method).await;
        assert_eq!((charge.status, &charge.body["status"]), (201, &json!("captured")));
        assert_eq!(charge.body["amountCaptured"], 1_000);
        assert_eq!(charge.body["failure"], Value::Null);
    }
}

#[tokio::test]
async fn pm_timeout_charges_but_never_answers_so_only_a_look_up_tells() {
    let sandbox = Sandbox::start().await;
    for _ in 0..2 {
        let unanswered = sandbox.try_post("/v1/charges", "k", &order("pm_timeout")).await;
        assert!(unanswered.is_err());
    }
    let found = sandbox.get("/v1/charges?key=k").await;
    assert_eq!(found.body["status"], "captured");
    assert_eq!(sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn pm_error_answers_500_and_records_nothing() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.charge("k", "pm_error").await.status, 500);
    assert_eq!(sandbox.charge("k", "pm_error").await.status, 500);
    assert_eq!(sandbox.get("/v1/operations?key=k").await.status, 404);
}

#[tokio::test]
async fn pm_error_after_charges_then_fails_and_a_repeat_answers_the_charge() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.charge("k", "pm_error_after").await.status, 500);
    let repeated = sandbox.charge("k", "pm_error_after").await;
    assert_eq!((repeated.status, &repeated.body["status"]), (200, &json!("captured")));
    assert_eq!(sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn pm_flaky_fails_twice_per_key_and_then_charges() {
    let sandbox = Sandbox::start().await;
    for key in ["a", "b"] {
        assert_eq!(sandbox.charge(key, "pm_flaky").await.status, 500);
        assert_eq!(sandbox.charge(key, "pm_flaky").await.status, 500);
        assert_eq!(sandbox.get(&format!("/v1/charges?key={key}")).await.status, 404);
        assert_eq!(sandbox.charge(key, "pm_flaky").await.status, 201);
        assert_eq!(sandbox.charge(key, "pm_flaky").await.status, 200);
    }
}

#[tokio::test]
async fn pm_async_waits_until_it_is_settled_as_asked() {
    let sandbox = Sandbox::start().await;
    let later = with(order("pm_async"), "capture", json!(false));
    for (key, body, outcome, status) in [
        ("a", order("pm_async"), "captured", "captured"),
        ("b", later, "captured", "authorized"),
        ("c", order("pm_async"), "declined", "declined"),
    ] {
        let charge = sandbox.post("/v1/charges", key, body).await;
        assert_eq!(charge.body["status"], "processing");
        let path = format!("/sandbox/charges/{}/settle", charge.id());
        let settled = sandbox.post(&path, key, json!({ "outcome": outcome })).await;
        assert_eq!((settled.status, &settled.body["status"]), (200, &json!(status)));
        let again = sandbox.post(&path, key, json!({ "outcome": outcome })).await;
        assert_eq!((again.status, again.code()), (409, "charge_not_pending"));
    }
}

#[tokio::test]
async fn pm_async_settles_by_itself_and_tells_also_after_a_restart() {
    let mut receiver = Receiver::start(&[]).await;
    let sandbox = Sandbox::start().await;
    let charge = sandbox.post("/v1/charges", "k", receiver.order("pm_async")).await;
    assert_eq!(charge.body["status"], "processing");

    let folder = sandbox.stop().await;
    let mut settings = folder.settings();
    settings.delays.async_settle_after = Duration::ZERO;
    let sandbox = Sandbox::start_with(folder, settings).await;
    assert_eq!(receiver.next().await.json()["type"], "charge.captured");

    sandbox.post("/v1/charges", "k2", receiver.order("pm_async")).await;
    assert_eq!(receiver.next().await.json()["data"]["charge"]["key"], "k2");
    drop::<Folder>(sandbox.stop().await);
}

#[tokio::test]
async fn a_stopping_provider_does_not_wait_for_calls_that_hang_on_purpose() {
    let mut receiver = Receiver::start(&[]).await;
    let folder = Folder::new();
    let mut settings = folder.settings();
    settings.delays.hang = Duration::from_secs(3_600);
    let sandbox = Sandbox::start_with(folder, settings).await;
    let body = receiver.order("pm_timeout");
    let hanging = tokio::spawn(
        sandbox
            .request(Method::POST, "/v1/charges")
            .header("idempotency-key", "k")
            .json(&body)
            .send(),
    );
    receiver.next().await;
    let sandbox = sandbox.restart().await;
    assert!(hanging.await.unwrap().is_err(), "cut off without an answer");
    assert_eq!(sandbox.get("/v1/charges?key=k").await.body["status"], "captured");
}
