//! `GET /v1/idempotency-keys/{key}`: what became of one's own request, and nothing of anybody else's.

use serde_json::{Value, json};
use time::Duration;

use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn a_key_tells_the_status_and_place_that_its_request_was_answered_with() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mug = shop.product("MUG", 1).await.id.to_string();
    let wish = json!({ "items": [{ "productId": mug, "quantity": 1 }] });
    let placed = ada.post("/v1/orders", "order/1", &wish).await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    let expected = json!({
        "key": "order/1", "state": "done", "status": 201, "location": placed.header("location"),
        "createdAt": "2026-03-02T12:00:00.000Z", "expiresAt": "2026-03-03T12:00:00.000Z",
    });
    for path in ["/v1/idempotency-keys/order%2F1", "/v1/idempotency-keys/%22order%2F1%22"] {
        assert_eq!(ada.get(path).await.json(), expected);
    }

    let refused = ada.post("/v1/orders", "order-2", &wish).await;
    refused.problem(409, "insufficient_stock");
    let report = ada.get("/v1/idempotency-keys/order-2").await.json();
    assert_eq!((&report["status"], report.get("location")), (&json!(409), None));
    let declined = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_declined" });
    assert_eq!(ada.pay("pay-1", &declined).await.status, 402);
    assert_eq!(ada.get("/v1/idempotency-keys/pay-1").await.json()["status"], 402);
}

#[tokio::test]
async fn a_payment_in_the_air_is_running_until_it_is_settled() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_timeout" });
    let paid = ada.pay("k", &body).await;
    assert_eq!(paid.status, 202, "{}", paid.text);
    let report = ada.get("/v1/idempotency-keys/k").await.json();
    assert_eq!(json!([report["state"], report.get("status")]), json!(["running", Value::Null]));
    shop.test.clock.advance(Duration::minutes(10));
    shop.reconcile().await;
    let report = ada.get("/v1/idempotency-keys/k").await.json();
    let settled = ada.pay("k", &body).await;
    assert_eq!(report["state"], "done");
    assert_eq!(report["status"], settled.status.as_u16());
    assert_eq!(report["location"].as_str().unwrap_or_default(), settled.header("location"));
}

#[tokio::test]
async fn somebody_elses_key_is_as_unknown_as_one_that_was_never_used() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let admin = shop.staff("admin").await;
    ada.order(&shop.product("MUG", 5).await, 1).await;
    let path = "/v1/idempotency-keys/order-MUG-1";
    assert_eq!(ada.get(path).await.status, 200);
    let never = eve.get("/v1/idempotency-keys/never").await.problem(404, "not_found");
    for other in [eve, admin] {
        let hidden = other.get(path).await.problem(404, "not_found");
        assert_eq!(hidden["detail"], never["detail"]);
    }
    get(&shop.router, path).await.problem(401, "unauthenticated");
    let too_long = format!("/v1/idempotency-keys/{}", "k".repeat(256));
    for none in [too_long.as_str(), "/v1/idempotency-keys/%22", "/v1/idempotency-keys/a%20b"] {
        ada.get(none).await.problem(404, "not_found");
    }
    shop.test.clock.advance(Duration::hours(24));
    let ada = shop.sign_in(ada.id, "ada@example.com").await;
    ada.get(path).await.problem(404, "not_found");
}
