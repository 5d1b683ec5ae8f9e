//! What is sent is signed so that the Standard Webhooks project's own library takes it, also while a secret changes.

use serde_json::{Value, json};
use standardwebhooks::Webhook;
use till::domain::clock::{Clock, SystemClock};
use time::Duration;

use super::{Stand, path_of};
use crate::support::receiver::Request;

fn of(answer: &Value) -> Webhook {
    Webhook::new(answer["secret"].as_str().unwrap()).unwrap()
}

/// Whether one of the request's signatures was made with this secret.
fn signs(webhook: &Webhook, request: &Request) -> bool {
    let timestamp = request.header("webhook-timestamp").parse().unwrap();
    let expected = webhook.sign(request.header("webhook-id"), timestamp, &request.body).unwrap();
    request.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[tokio::test]
async fn the_library_of_standard_webhooks_takes_what_is_sent_and_refuses_what_was_changed() {
    let stand = Stand::open().await;
    let clock = &stand.shop.test.clock;
    clock.advance(SystemClock.now() - clock.now());
    let ada = stand.customer("ada").await;
    let webhook = of(&stand.endpoint(&ada).await);
    stand.happen(&ada).await;
    stand.work().await;
    let came = stand.receiver.only();
    webhook.verify(&came.body, &came.headers).unwrap();
    let mut changed = came.body.to_vec();
    *changed.last_mut().unwrap() = b' ';
    assert!(webhook.verify(&changed, &came.headers).is_err());
    let mut moved = came.headers.clone();
    moved.insert("webhook-id", "another".parse().unwrap());
    assert!(webhook.verify(&came.body, &moved).is_err());
}

#[tokio::test]
async fn for_a_day_after_a_rotation_both_secrets_sign_and_then_the_new_one_alone() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let made = stand.endpoint(&ada).await;
    let rotated = ada.post_with(&format!("{}/rotate", path_of(&made)), &[], "").await.json();
    let (old, new) = (of(&made), of(&rotated));
    assert_ne!(made["secret"], rotated["secret"]);
    assert!(rotated["oldSecretUntil"].is_string());
    stand.happen(&ada).await;
    stand.work().await;
    let first = stand.receiver.only();
    assert_eq!(first.header("webhook-signature").split(' ').count(), 2);
    assert!(signs(&old, &first) && signs(&new, &first));
    stand.happen(&ada).await;
    stand.work_after(Duration::DAY).await;
    let last = stand.receiver.came().pop().unwrap();
    assert_eq!(last.header("webhook-signature").split(' ').count(), 1);
    assert!(!signs(&old, &last) && signs(&new, &last));
}

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_sealed() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let made = stand.endpoint(&ada).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let path = path_of(&made);
    let changed = ada.patch(&path, &json!({ "description": "books" })).await;
    for answer in [ada.get(&path).await, ada.get("/v1/webhook-endpoints").await, changed] {
        assert!(!answer.text.contains("whsec_") && !answer.text.contains("\"secret\""));
        assert!(answer.header("cache-control").contains("no-store"), "{:?}", answer.headers);
    }
    let kept: String = sqlx::query_scalar("SELECT encode(secret, 'base64') FROM webhook_endpoints")
        .fetch_one(&*stand.shop.test.services.pool)
        .await
        .unwrap();
    assert!(!kept.contains(secret.trim_start_matches("whsec_")));
}
