//! What the programs write about those who show secrets: that they came, and nothing that lets another in.

use serde_json::{Value, json};

use crate::support::processes::{Deployment, PASSWORD};

const NEW: &str = "a quite new password";

#[tokio::test]
async fn a10_no_secret_of_a_person_or_a_program_is_in_a_line_of_the_log() {
    let shop = Deployment::up().await;
    let talkative = [("RUST_LOG", "debug,till=trace".to_owned())];
    let mut api = shop.api_with(&talkative).await;
    let mut worker = shop.worker_with(&talkative).await;
    api.ready().await;
    worker.ready().await;

    let token = api.customer("ada").await;
    let wish = json!({ "name": "A program", "scopes": ["orders:read"] });
    let made = api.post_keyed("/v1/api-keys", &token, "k", &wish).await.unwrap();
    let made: Value = made.json().await.unwrap();
    let (id, first) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let rotate = format!("/v1/api-keys/{id}/rotate");
    let rotated = api.post_keyed(&rotate, &token, "k", &json!({})).await.unwrap();
    let rotated: Value = rotated.json().await.unwrap();
    let second = rotated["secret"].as_str().unwrap();
    for secret in [first, second] {
        assert_eq!(api.get("/v1/orders", secret).await.unwrap().status(), 200);
    }
    let forged = format!("{}AAAA", first.get(..65).unwrap());
    assert_eq!(api.get("/v1/orders", &forged).await.unwrap().status(), 401);

    let who = json!({ "email": "ada@example.com" });
    assert_eq!(api.post("/v1/auth/password-reset", &who).await.status(), 202);
    let mails = shop.sink.wait_for(2).await;
    let texts: Vec<_> = mails.iter().map(|mail| mail.read().text).collect();
    let mailed = |prefix: &str| {
        let mut words = texts.iter().flat_map(|text| text.split_whitespace());
        words.find(|word| word.starts_with(prefix)).unwrap().to_owned()
    };
    let (verification, reset) = (mailed("tillev_"), mailed("tillpr_"));
    let verified = api.post("/v1/auth/verify-email", &json!({ "token": verification })).await;
    assert_eq!(verified.status(), 204);
    let choice = json!({ "token": reset, "password": NEW });
    let chosen = api.post("/v1/auth/password-reset/confirm", &choice).await;
    assert_eq!(chosen.status(), 204);

    assert!(api.count_said("/v1/orders") > 0 && worker.count_said("password_reset") > 0);
    for secret in [first, second, &forged, &verification, &reset, &token, PASSWORD, NEW] {
        // The part that nobody else has.
        let part = secret.get(secret.len().saturating_sub(20)..).unwrap();
        assert_eq!(api.count_said(part), 0, "{part} is in the log of the API");
        assert_eq!(worker.count_said(part), 0, "{part} is in the log of the worker");
    }
}
