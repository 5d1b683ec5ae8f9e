//! For how long a key is good, how it is shown, and that its use is seen.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use time::Duration;

use super::{ask, made, make, orders, set_role};
use crate::api::shop::Shop;
use crate::api::support::{Answered, send};

#[tokio::test]
async fn a3_a_key_that_was_removed_is_refused_at_once_at_every_instance() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let key = make(&ada, &["orders:read"]).await;
    let elsewhere = key.program.at(&shop.twin().await);
    assert_eq!(orders(&elsewhere).await.status, 200);
    let path = format!("/v1/api-keys/{}", key.id);
    assert_eq!(ada.delete(&path).await.status, 204);
    for program in [&elsewhere, &key.program] {
        orders(program).await.problem(401, "token_invalid");
    }
    ada.delete(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn a3_the_keys_of_a_disabled_or_erased_owner_are_refused_at_once() {
    let shop = Shop::open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let key = make(&ada, &["orders:read"]).await;
    let elsewhere = key.program.at(&shop.twin().await);
    assert_eq!(orders(&elsewhere).await.status, 200);
    let user = format!("/v1/users/{}", ada.id);
    for (status, expected) in [("disabled", 401), ("active", 200)] {
        let changed = admin.patch(&user, &json!({ "status": status })).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        assert_eq!(orders(&elsewhere).await.status, expected, "{status}");
    }
    let ada = shop.sign_in(ada.id, "ada@example.com").await;
    assert_eq!(ada.delete("/v1/users/me").await.status, 204);
    orders(&elsewhere).await.problem(401, "token_invalid");
    assert_eq!(shop.count("SELECT count(*) FROM api_keys").await, 0);
}

#[tokio::test]
async fn a3_a_key_loses_what_its_owner_loses_and_gets_no_more_than_it_was_made_for() {
    let shop = Shop::open().await;
    let sam = shop.staff("support").await;
    let key = make(&sam, &["orders:read", "refunds:write"]).await;
    let elsewhere = key.program.at(&shop.twin().await);
    let refund = async || {
        let path = "/v1/payments/01890a5d-ac96-774b-bcce-b302099affff/refunds";
        elsewhere.post(path, "k", &json!({})).await
    };
    refund().await.problem(404, "not_found");
    set_role(&shop, &sam, "customer").await;
    refund().await.problem(403, "insufficient_scope");
    assert_eq!(orders(&elsewhere).await.status, 200);
}

#[tokio::test]
async fn a3_a_key_ends_when_it_said_it_would() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let end = "2026-03-02T13:00:00Z";
    let wish = json!({ "name": "For an hour", "scopes": ["orders:read"], "expiresAt": end });
    let answered = ask(&ada, &wish).await;
    assert_eq!(answered.json()["expiresAt"], "2026-03-02T13:00:00.000Z");
    let key = made(&ada, &answered);
    shop.test.clock.advance(Duration::HOUR - Duration::SECOND);
    assert_eq!(orders(&key.program).await.status, 200);
    shop.test.clock.advance(Duration::SECOND);
    orders(&key.program).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_key_outlives_the_session_that_made_it_and_a_new_password() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let key = make(&ada, &["orders:read"]).await;
    let change =
        json!({ "currentPassword": crate::api::shop::PASSWORD, "password": "another long one" });
    assert_eq!(ada.patch("/v1/users/me", &change).await.status, 200);
    ada.get("/v1/orders").await.problem(401, "token_invalid");
    assert_eq!(orders(&key.program).await.status, 200);
}

async fn show(shop: &Shop, fields: &[(&str, &str)]) -> Answered {
    let mut request = Request::get("/v1/orders");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    send(&shop.router, request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_key_is_shown_in_either_header_and_in_one_alone() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let secret = make(&ada, &["orders:read"]).await.secret;
    let bearer = format!("Bearer {secret}");
    let token = format!("Bearer {}", ada.token);
    for fields in [[("authorization", bearer.as_str())], [("x-api-key", secret.as_str())]] {
        assert_eq!(show(&shop, &fields).await.status, 200, "{fields:?}");
    }
    for fields in [
        [("x-api-key", secret.as_str()), ("x-api-key", secret.as_str())],
        [("x-api-key", secret.as_str()), ("authorization", bearer.as_str())],
        [("x-api-key", secret.as_str()), ("authorization", token.as_str())],
        [("x-api-key", secret.as_str()), ("authorization", "Basic YWRhOnNlY3JldA==")],
    ] {
        let problem = show(&shop, &fields).await.problem(401, "unauthenticated");
        assert!(problem["detail"].as_str().unwrap().starts_with("Send one"), "{problem}");
    }
    let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    show(&shop, &twice).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a1_what_is_no_key_of_ours_is_refused_wherever_it_stands() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let secret = make(&ada, &["orders:read"]).await.secret;
    let (front, back) = secret.split_at(40);
    let changed = if back.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{front}{changed}{}", back.get(1..).unwrap());
    let zeros = format!("till_{}", "A".repeat(64));
    let long = format!("till_{}", "A".repeat(4_000));
    for wrong in [
        "till_",
        "till_x",
        secret.get(..68).unwrap(),
        &format!("{secret}A"),
        &forged,
        &zeros,
        &long,
    ] {
        show(&shop, &[("x-api-key", wrong)]).await.problem(401, "token_invalid");
        let bearer = format!("Bearer {wrong}");
        show(&shop, &[("authorization", &bearer)]).await.problem(401, "token_invalid");
    }
    // A token is no key.
    show(&shop, &[("x-api-key", &ada.token)]).await.problem(401, "token_invalid");
    show(&shop, &[("x-api-key", "")]).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn the_last_use_is_seen_to_the_minute_and_not_every_use_is_written() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let key = make(&ada, &["orders:read"]).await;
    let last_used = async || -> Value {
        ada.get(&format!("/v1/api-keys/{}", key.id)).await.json()["lastUsedAt"].clone()
    };
    assert_eq!(last_used().await, json!(null));
    orders(&key.program).await;
    assert_eq!(last_used().await, "2026-03-02T12:00:00.000Z");
    shop.test.clock.advance(Duration::seconds(59));
    orders(&key.program).await;
    assert_eq!(last_used().await, "2026-03-02T12:00:00.000Z");
    shop.test.clock.advance(Duration::SECOND);
    orders(&key.program).await;
    assert_eq!(last_used().await, "2026-03-02T12:01:00.000Z");
}

#[tokio::test]
async fn a_use_waits_for_nobody_who_holds_the_keys_row() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let key = make(&ada, &["orders:read"]).await;
    let mut holder = shop.test.services.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM api_keys FOR UPDATE").execute(&mut *holder).await.unwrap();
    assert_eq!(orders(&key.program).await.status, 200);
    holder.rollback().await.unwrap();
    assert_eq!(shop.count("SELECT count(*) FROM api_keys WHERE last_used_at IS NULL").await, 1);
}
