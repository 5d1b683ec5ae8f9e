//! `POST /v1/orders/{id}/cancel`: an order ends once, its stock comes back once, and a paid one stays.

use serde_json::{Value, json};

use crate::api::shop::{Shop, all_of};
use crate::api::support::{Answered, get};

fn cancel(order: &Value) -> String {
    format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_cancelled_order_gives_its_stock_back_once() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mug = shop.product("MUG", 5).await;
    let order = ada.order(&mug, 2).await;
    let first = ada.post_with(&cancel(&order), &[("idempotency-key", b"k")], "").await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json()["status"], "cancelled");
    let again = ada.post(&cancel(&order), "k", &json!({})).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let problem = ada.post(&cancel(&order), "k2", &json!({})).await;
    assert_eq!(problem.problem(409, "order_not_cancellable")["currentStatus"], "cancelled");
    let left = get(&shop.router, &format!("/v1/products/{}/inventory", mug.id)).await;
    assert_eq!(left.json()["available"], 5);
    assert_eq!(shop.count("SELECT count(*) FROM outbox WHERE topic = 'order.cancelled'").await, 1);
}

#[tokio::test]
async fn a_paid_order_is_not_cancelled_and_the_refusal_is_remembered() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    assert_eq!(ada.pay("k1", &all_of(&order, "pm_ok")).await.status, 201);
    let refused = ada.post(&cancel(&order), "k", &json!({})).await;
    assert_eq!(refused.problem(409, "order_not_cancellable")["currentStatus"], "paid");
    let again = ada.post(&cancel(&order), "k", &json!({})).await;
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&refused.text, "true"));
}

#[tokio::test]
async fn a_key_stands_for_one_order_and_for_one_operation() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mug = shop.product("MUG", 5).await;
    let (one, two) = (ada.order(&mug, 1).await, ada.order(&mug, 2).await);
    assert_eq!(ada.post(&cancel(&one), "k", &json!({})).await.status, 200);
    ada.post(&cancel(&two), "k", &json!({})).await.problem(422, "idempotency_key_reused");
    let wish = json!({ "items": [{ "productId": mug.id.to_string(), "quantity": 1 }] });
    ada.post("/v1/orders", "k", &wish).await.problem(422, "idempotency_key_reused");
    let missing = ada.post_with(&cancel(&two), &[], "").await;
    missing.problem(400, "idempotency_key_missing");
}

#[tokio::test]
async fn a_body_that_says_anything_is_refused() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let send = async |body: &str| -> Answered {
        ada.post_with(&cancel(&order), &[("idempotency-key", b"k")], body).await
    };
    send(r#"{"reason":"no"}"#).await.problem(422, "unknown_field");
    for body in ["[]", "null", "0", "\"x\""] {
        send(body).await.problem(422, "validation_failed");
    }
    send("{").await.problem(400, "malformed_json");
    assert_eq!(send(" { } ").await.status, 200);
}
