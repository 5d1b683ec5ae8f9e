//! A change and its entry are there together, with who, what, from where and by which credential; a refusal leaves none.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::{Value, json};
use till::cli::keys;
use till::domain::ids::Id;

use super::{log, newest, open, size, whole};
use crate::api::shop::{Actor, PASSWORD, Shop, all_of, call};
use crate::api::support::{Answered, send};

/// A change of a user's status from this peer, with these header fields beside the token.
async fn disable(shop: &Shop, admin: &Actor, user: &Actor, head: &[(&str, &str)]) -> Answered {
    let place = format!("/v1/users/{}", user.id);
    let mut request = Request::patch(place)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", admin.token));
    for (name, value) in head {
        request = request.header(*name, *value);
    }
    let mut request =
        request.body(Body::from(json!({ "status": "disabled" }).to_string())).unwrap();
    let peer: SocketAddr = "198.51.100.7:4711".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    send(&shop.router, request).await
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_whom_from_where_with_which_credential_and_in_which_request()
{
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let head = [
        ("x-request-id", "the-request"),
        ("user-agent", "shop/1.0"),
        // From nobody whom we trust.
        ("x-forwarded-for", "203.0.113.9"),
    ];
    assert_eq!(disable(&shop, &admin, &ada, &head).await.status, 200);
    let session: uuid::Uuid = sqlx::query_scalar(
        "SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(admin.id.as_uuid())
    .fetch_one(&*shop.test.services.pool)
    .await
    .unwrap();
    let mut entry = newest(&admin).await;
    entry["id"].take();
    let expected = json!({
        "id": null,
        "action": "user.change_access",
        "actor": { "type": "user", "id": admin.id.to_string(),
                   "credential": { "type": "session", "id": session } },
        "target": { "type": "user", "id": ada.id.to_string() },
        "details": { "from": { "role": "customer", "status": "active" },
                     "to": { "role": "customer", "status": "disabled" } },
        "address": "198.51.100.7",
        "userAgent": "shop/1.0",
        "requestId": "the-request",
        "createdAt": "2026-03-02T12:00:00.000Z",
    });
    assert_eq!(entry, expected);
}

#[tokio::test]
async fn behind_a_proxy_of_ours_the_address_is_the_one_that_it_names() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let place = format!("/v1/users/{}", ada.id);
    let mut request = Request::patch(place)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", admin.token))
        .header("x-forwarded-for", "203.0.113.9, 198.51.100.7")
        .body(Body::from(json!({ "role": "support" }).to_string()))
        .unwrap();
    let peer: SocketAddr = "10.0.0.1:4711".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    assert_eq!(send(&shop.router, request).await.status, 200);
    assert_eq!(newest(&admin).await["address"], "198.51.100.7");
}

/// What the newest entry tells of: action, kind of target, details.
async fn told(admin: &Actor) -> (Value, Value, Value) {
    let mut entry = newest(admin).await;
    (entry["action"].take(), entry["target"]["type"].take(), entry["details"].take())
}

#[tokio::test]
async fn what_is_done_to_the_catalogue_is_told_by_the_names_of_what_changed() {
    let shop = open().await;
    let admin = shop.staff("admin").await;
    let product = json!({ "sku": "MUG", "name": "Mug", "category": "kitchen", "unitAmount": 100, "currency": "MYR" });
    let made = admin.post("/v1/products", "k", &product).await.json();
    assert_eq!(told(&admin).await, (json!("product.create"), json!("product"), json!({})));
    let place = format!("/v1/products/{}", made["id"].as_str().unwrap());
    admin.patch(&place, &json!({ "name": "Cup", "unitAmount": 200, "category": "kitchen" })).await;
    let members = json!({ "members": ["name", "unitAmount"] });
    assert_eq!(told(&admin).await, (json!("product.update"), json!("product"), members));
    let delta = json!({ "delta": 7, "reason": "the secret shelf" });
    admin.post(&format!("{place}/inventory"), "k2", &delta).await;
    let moved = json!({ "delta": 7, "available": 7 });
    assert_eq!(told(&admin).await, (json!("inventory.adjust"), json!("product"), moved));
    assert_eq!(admin.delete(&place).await.status, 204);
    assert_eq!(told(&admin).await, (json!("product.archive"), json!("product"), json!({})));
    assert!(!whole(&shop).await.contains("secret shelf"));
}

#[tokio::test]
async fn what_staff_do_with_orders_and_money_is_told_and_what_customers_pay_themselves_is_not() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let mug = shop.product("MUG", 9).await;
    let before = size(&shop).await;
    let order = ada.order(&mug, 1).await;
    let paid = ada.pay("pay", &all_of(&order, "pm_ok")).await.json();
    assert_eq!(size(&shop).await, before);

    let order_place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(admin.post_empty(&format!("{order_place}/fulfil"), "f").await.status, 200);
    assert_eq!(told(&admin).await, (json!("order.fulfil"), json!("order"), json!({})));
    let payment_place = format!("/v1/payments/{}", paid["id"].as_str().unwrap());
    let back = json!({ "amount": 90, "reason": "a private reason" });
    let refund = admin.post(&format!("{payment_place}/refunds"), "r", &back).await.json();
    let money = json!({ "amount": 90, "currency": "MYR" });
    let details = json!({ "refundId": refund["id"], "money": money });
    assert_eq!(told(&admin).await, (json!("payment.refund"), json!("payment"), details));
    assert!(!whole(&shop).await.contains("private reason"));

    let held = json!({ "amount": 100, "currency": "MYR", "customerId": ada.id.to_string(),
                       "paymentMethod": "pm_ok", "captureMethod": "manual" });
    let for_ada = admin.pay("held", &held).await.json();
    let money = json!({ "amount": 100, "currency": "MYR" });
    let details = json!({ "customerId": ada.id.to_string(), "money": money });
    assert_eq!(told(&admin).await, (json!("payment.create"), json!("payment"), details));
    let place = format!("/v1/payments/{}", for_ada["id"].as_str().unwrap());
    let captured = admin.post(&format!("{place}/capture"), "c", &json!({ "amount": 60 })).await;
    assert_eq!(captured.status, 200, "{}", captured.text);
    let details = json!({ "money": { "amount": 60, "currency": "MYR" } });
    assert_eq!(told(&admin).await, (json!("payment.capture"), json!("payment"), details));
}

#[tokio::test]
async fn a_change_under_a_key_is_told_once_however_often_it_is_asked_for() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let cancel = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    let before = size(&shop).await;
    for _ in 0..3 {
        assert_eq!(admin.post_empty(&cancel, "one-key").await.status, 200);
    }
    assert_eq!(size(&shop).await, before + 1);
    assert_eq!(told(&admin).await.0, "order.cancel");
}

#[tokio::test]
async fn what_is_refused_and_what_changes_nothing_leaves_no_entry() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let before = size(&shop).await;
    let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    admin.post_empty(&format!("{place}/fulfil"), "f").await.problem(409, "order_not_fulfillable");
    ada.patch_if("/v1/users/me", "\"x\"", &json!({ "name": "Eve" }))
        .await
        .problem(412, "precondition_failed");
    let user = format!("/v1/users/{}", ada.id);
    assert_eq!(admin.patch(&user, &json!({ "status": "active" })).await.status, 200);
    assert_eq!(ada.patch("/v1/users/me", &json!({ "name": "ada" })).await.status, 200);
    ada.patch(&user, &json!({ "role": "admin" })).await.problem(403, "insufficient_scope");
    let absent = "/v1/webhook-endpoints/01890a5d-ac96-774b-bcce-b302099affff";
    ada.delete(absent).await.problem(404, "not_found");
    assert_eq!(size(&shop).await, before);
}

#[tokio::test]
async fn a_session_is_told_of_when_it_begins_when_it_ends_and_when_two_hold_it() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let query = format!("?target={}", ada.id);
    let actions = async || {
        let entries = log(&admin, &query).await;
        entries.into_iter().map(|mut entry| entry["action"].take()).collect::<Vec<_>>()
    };
    assert_eq!(actions().await, ["auth.sign_in", "user.register"]);
    let renewal = json!({ "refreshToken": ada.refresh_token });
    assert_eq!(call(&shop.router, "/v1/auth/refresh", &renewal).await.status, 200);
    assert_eq!(actions().await.len(), 2);
    // However often the old one comes.
    for _ in 0..3 {
        call(&shop.router, "/v1/auth/refresh", &renewal).await.problem(401, "token_invalid");
    }
    assert_eq!(actions().await, ["auth.reuse_refresh_token", "auth.sign_in", "user.register"]);
    let again = shop.sign_in(ada.id, "ada@example.com").await;
    let leaving = json!({ "refreshToken": again.refresh_token });
    for _ in 0..2 {
        assert_eq!(call(&shop.router, "/v1/auth/revoke", &leaving).await.status, 204);
    }
    let entries = log(&admin, &query).await;
    assert_eq!(entries[0]["action"], "auth.sign_out");
    assert_eq!(entries[0]["actor"]["id"], ada.id.to_string());
    assert_eq!(entries[0]["actor"]["credential"], entries[1]["actor"]["credential"]);
    assert_eq!(entries.len(), 5);
}

#[tokio::test]
async fn a_new_password_and_a_new_name_are_two_entries_and_neither_is_in_them() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let new = "an even better one";
    let change = json!({ "name": "Countess", "password": new, "currentPassword": PASSWORD });
    assert_eq!(ada.patch("/v1/users/me", &change).await.status, 200);
    let entries = log(&admin, &format!("?actor={}&limit=2", ada.id)).await;
    let mut told: Vec<_> =
        entries.iter().map(|entry| (entry["action"].clone(), entry["details"].clone())).collect();
    told.sort_by_key(|(action, _)| action.to_string());
    let expected = [
        (json!("user.change_password"), json!({})),
        (json!("user.update_profile"), json!({ "members": ["name"] })),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn no_password_token_secret_url_or_name_is_in_the_log_whatever_was_done() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let wish = json!({ "url": "https://hooks.example/s3cr3t-path", "events": ["*"], "description": "my own notes" });
    let made = ada.post_with("/v1/webhook-endpoints", &[], &wish.to_string()).await.json();
    let place = format!("/v1/webhook-endpoints/{}", made["id"].as_str().unwrap());
    let change =
        json!({ "url": "https://hooks.example/other-s3cr3t", "description": "other notes" });
    assert_eq!(ada.patch(&place, &change).await.status, 200);
    let rotated = ada.post_with(&format!("{place}/rotate"), &[], "").await.json();
    assert_eq!(ada.delete(&place).await.status, 204);
    // Some type their password where the address belongs.
    let slip = json!({ "email": PASSWORD, "password": "wr0ng-guess" });
    call(&shop.router, "/v1/auth/token", &slip).await.problem(401, "invalid_credentials");
    let wrong = json!({ "email": "ada@example.com", "password": "wr0ng-guess" });
    call(&shop.router, "/v1/auth/token", &wrong).await.problem(401, "invalid_credentials");
    let change = json!({ "name": "Countess", "password": "an even better one", "currentPassword": PASSWORD });
    assert_eq!(ada.patch("/v1/users/me", &change).await.status, 200);
    till::service::audit::flush_refused(&shop.test.services).await.unwrap();

    let text = whole(&shop).await;
    assert!(text.lines().count() > 8, "{text}");
    let hashes: Vec<String> = sqlx::query_scalar("SELECT password_hash FROM users")
        .fetch_all(&*shop.test.services.pool)
        .await
        .unwrap();
    let secrets = [
        PASSWORD,
        "wr0ng-guess",
        "an even better one",
        "s3cr3t",
        "notes",
        "Countess",
        "@example.com",
        "argon2",
        "tillrt_",
        "whsec_",
        "eyJ",
        made["secret"].as_str().unwrap(),
        rotated["secret"].as_str().unwrap(),
        &ada.token,
        &ada.refresh_token,
        &admin.token,
    ];
    for secret in secrets.into_iter().chain(hashes.iter().map(String::as_str)) {
        assert!(!secret.is_empty() && !text.contains(secret), "{secret} is in the log:\n{text}");
    }
}

#[tokio::test]
async fn what_an_operator_does_at_the_command_line_is_told_as_theirs() {
    let shop = open().await;
    let admin = shop.staff("admin").await;
    let rotate = till::cli::KeysArgs { action: till::cli::KeysAction::Rotate };
    keys::run(&shop.test.services, &rotate).await.unwrap();
    let entry = newest(&admin).await;
    assert_eq!(entry["action"], "signing_key.rotate");
    assert_eq!(entry["actor"], json!({ "type": "operator", "id": null, "credential": null }));
    assert_eq!(json!([entry["address"], entry["requestId"]]), json!([null, null]));
    assert_eq!(entry["target"]["type"], "signing_key");
}
