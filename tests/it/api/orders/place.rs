//! `POST /v1/orders`: one order a key, at the catalogue's prices.

use serde_json::json;
use uuid::Uuid;

use crate::api::shop::Shop;

#[tokio::test]
async fn an_order_placed_twice_with_one_key_is_one_order_with_one_answer() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mug = shop.product("MUG", 5).await;
    let body = |quantity: i64| json!({ "items": [{ "productId": mug.id.to_string(), "quantity": quantity }] });

    let first = ada.post("/v1/orders", "k1", &body(2)).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let order = first.json();
    assert_eq!(order["totalAmount"], mug.price.amount.get() * 2);
    assert_eq!(order["customerId"], ada.id.to_string());

    let again = ada.post("/v1/orders", "\"k1\"", &body(2)).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotency-replayed"), "true");

    ada.post("/v1/orders", "k1", &body(3)).await.problem(422, "idempotency_key_reused");
    ada.post("/v1/orders", "k2", &body(4)).await.problem(409, "insufficient_stock");
}

#[tokio::test]
async fn what_a_client_may_not_say_is_refused_with_a_pointer() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let id = Uuid::nil().to_string();
    let priced = json!({ "items": [{ "productId": id, "quantity": 1, "unitAmount": 1 }] });
    let problem = ada.post("/v1/orders", "k", &priced).await.problem(422, "unknown_field");
    assert_eq!(problem["errors"][0]["pointer"], "/items/0/unitAmount");

    let wrong = json!({ "items": [{ "productId": "x", "quantity": 0 }] });
    let problem = ada.post("/v1/orders", "k", &wrong).await.problem(422, "validation_failed");
    let pointers = [0, 1].map(|error| problem["errors"][error]["pointer"].clone());
    assert_eq!(pointers, ["/items/0/productId", "/items/0/quantity"]);
}

#[tokio::test]
async fn an_order_has_one_currency() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let (mug, tea) = (shop.product("MUG", 5).await.id, shop.product("TEA", 5).await.id);
    let yen = json!({ "currency": "JPY", "unitAmount": 600 });
    assert_eq!(admin.patch(&format!("/v1/products/{tea}"), &yen).await.status, 200);
    let line = |id| json!({ "productId": id, "quantity": 1 });
    let mixed = json!({ "items": [line(mug.to_string()), line(tea.to_string())] });
    let problem = ada.post("/v1/orders", "k", &mixed).await.problem(422, "currency_mismatch");
    assert_eq!(problem["errors"][0]["pointer"], "/items/1/productId");
}

#[tokio::test]
async fn a_request_mended_under_the_same_key_runs() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mug = shop.product("MUG", 5).await.id.to_string();
    let line = |quantity: i64| json!({ "items": [{ "productId": mug, "quantity": quantity }] });
    ada.post("/v1/orders", "k", &line(0)).await.problem(422, "validation_failed");
    assert_eq!(ada.post("/v1/orders", "k", &line(1)).await.status, 201);
}

#[tokio::test]
async fn only_staff_order_for_others_and_everybody_may_name_themselves() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let support = shop.staff("support").await;
    let mug = shop.product("MUG", 5).await.id.to_string();
    let for_ada = json!({
        "items": [{ "productId": mug, "quantity": 1 }], "customerId": ada.id.to_string(),
    });
    eve.post("/v1/orders", "k", &for_ada).await.problem(403, "forbidden");
    assert_eq!(ada.post("/v1/orders", "k", &for_ada).await.status, 201);
    let placed = support.post("/v1/orders", "k", &for_ada).await;
    assert_eq!(placed.json()["customerId"], ada.id.to_string());
    assert_eq!(ada.get(placed.header("location")).await.status, 200);
}
