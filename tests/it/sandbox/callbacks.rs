//! Clients are told of every change, signed, until they take it.

use std::collections::HashSet;

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::support::{Callback, Receiver, SIGNING_SECRET, Sandbox, with};

fn is_signed(callback: &Callback) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET).unwrap();
    let (id, timestamp) = (callback.header("webhook-id"), callback.header("webhook-timestamp"));
    mac.update(format!("{id}.{timestamp}.{}", callback.body).as_bytes());
    let signature = callback.header("webhook-signature").strip_prefix("v1,").unwrap();
    mac.verify_slice(&STANDARD.decode(signature).unwrap()).is_ok()
}

#[tokio::test]
async fn every_change_is_told_and_signed() {
    let mut receiver = Receiver::start(&[]).await;
    let sandbox = Sandbox::start().await;
    let later = with(receiver.order("pm_ok"), "capture", json!(false));

    let charge = sandbox.post("/v1/charges", "k", later.clone()).await;
    let told = receiver.next().await;
    assert!(is_signed(&told));
    assert_eq!(told.json()["type"], "charge.authorized");
    assert_eq!(told.json()["id"], told.header("webhook-id"));
    assert_eq!(told.json()["data"]["charge"], charge.body);

    let path = format!("/v1/charges/{}", charge.id());
    sandbox.post(&format!("{path}/capture"), "c", json!({ "amount": 10 })).await;
    assert_eq!(receiver.next().await.json()["type"], "charge.captured");
    let refund = sandbox.post(&format!("{path}/refunds"), "r", json!({ "amount": 4 })).await;
    let told = receiver.next().await.json();
    assert_eq!(
        (&told["type"], &told["data"]["refund"]),
        (&json!("refund.succeeded"), &refund.body)
    );

    sandbox.post("/v1/charges", "d", receiver.order("pm_declined")).await;
    assert_eq!(receiver.next().await.json()["type"], "charge.declined");
    let charge = sandbox.post("/v1/charges", "x", later).await;
    assert_eq!(receiver.next().await.json()["type"], "charge.authorized");
    sandbox.post(&format!("/v1/charges/{}/cancel", charge.id()), "x1", json!({})).await;
    assert_eq!(receiver.next().await.json()["type"], "charge.canceled");
}

#[tokio::test]
async fn a_refused_or_redirected_callback_is_sent_again_under_the_same_id() {
    let planned = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SEE_OTHER, StatusCode::OK];
    let mut receiver = Receiver::start(&planned).await;
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/charges", "k", receiver.order("pm_ok")).await;
    let (first, second, third) =
        (receiver.next().await, receiver.next().await, receiver.next().await);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.header("webhook-id"), third.header("webhook-id"));
    assert_eq!((&first.body, &first.body), (&second.body, &third.body));
    assert!(is_signed(&third));
}

#[tokio::test]
async fn a_receiver_that_never_takes_it_is_given_up_for_good() {
    let mut receiver = Receiver::start(&[StatusCode::BAD_GATEWAY; 3]).await;
    let sandbox = Sandbox::start().await;
    let folder = sandbox.stop().await;
    let mut settings = folder.settings();
    settings.callbacks.attempts = 2;
    let sandbox = Sandbox::start_with(folder, settings).await;
    sandbox.post("/v1/charges", "k", receiver.order("pm_ok")).await;
    let given_up = receiver.next().await.header("webhook-id").to_owned();
    assert_eq!(receiver.next().await.header("webhook-id"), given_up);
    sandbox.post("/v1/charges", "k2", receiver.order("pm_ok")).await;
    assert_ne!(receiver.next().await.header("webhook-id"), given_up);
}

#[tokio::test]
async fn a_callback_that_nobody_took_is_sent_after_a_restart_and_a_taken_one_is_not() {
    let mut receiver = Receiver::start(&[StatusCode::OK, StatusCode::BAD_GATEWAY]).await;
    let folder = super::support::Folder::new();
    let mut settings = folder.settings();
    settings.callbacks.first_wait = std::time::Duration::from_secs(3_600);
    settings.callbacks.longest_wait = settings.callbacks.first_wait;
    let sandbox = Sandbox::start_with(folder, settings).await;
    sandbox.post("/v1/charges", "taken", receiver.order("pm_ok")).await;
    receiver.next().await;
    sandbox.post("/v1/charges", "refused", receiver.order("pm_ok")).await;
    let refused = receiver.next().await;

    let sandbox = sandbox.restart().await;
    let again = receiver.next().await;
    assert_eq!(again.header("webhook-id"), refused.header("webhook-id"));
    assert_eq!(again.body, refused.body);
    drop(sandbox.stop().await);
    assert!(receiver.nothing_more());
}

#[tokio::test]
async fn duplicated_and_shuffled_callbacks_all_arrive() {
    let mut receiver = Receiver::start(&[]).await;
    let sandbox = Sandbox::start().await;
    sandbox.put_faults(json!({ "duplicateCallbacks": true, "shuffleCallbacks": true })).await;
    for number in 0..5 {
        let charge = receiver.order("pm_ok");
        sandbox.post("/v1/charges", &format!("k{number}"), charge).await;
    }
    let mut keys = Vec::new();
    let mut ids = HashSet::new();
    for _ in 0..10 {
        let told = receiver.next().await;
        assert!(is_signed(&told));
        ids.insert(told.header("webhook-id").to_owned());
        keys.push(told.json()["data"]["charge"]["key"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 5);
    assert!(!keys.is_sorted());
}
