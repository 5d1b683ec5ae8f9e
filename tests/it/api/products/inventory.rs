//! `GET` and `POST /v1/products/{id}/inventory`: never cached, never below nothing, once a key.

use serde_json::json;

use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn a_stock_is_changed_once_a_key_and_never_cached() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let mug = shop.product("MUG", 5).await;
    let place = format!("/v1/products/{}/inventory", mug.id);
    let delivery = json!({ "delta": 7, "reason": "delivery" });
    let added = admin.post(&place, "k", &delivery).await;
    assert_eq!(added.status, 200, "{}", added.text);
    assert_eq!(added.json(), json!({ "productId": mug.id.to_string(), "available": 12 }));
    let again = admin.post(&place, "k", &delivery).await;
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&added.text, "true"));
    let read = get(&shop.router, &place).await;
    assert_eq!((read.json(), read.header("cache-control")), (added.json(), "no-store"));
    assert_eq!(read.header("etag"), "");

    let other = format!("/v1/products/{}/inventory", shop.product("TEA", 5).await.id);
    admin.post(&other, "k", &delivery).await.problem(422, "idempotency_key_reused");
    let bare = admin.post_with(&place, &[], &delivery.to_string()).await;
    assert_eq!(bare.json()["available"], 19);
}

#[tokio::test]
async fn no_more_can_go_than_there_is() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let place = format!("/v1/products/{}/inventory", shop.product("MUG", 5).await.id);
    let loss = json!({ "delta": -6, "reason": "broken" });
    admin.post(&place, "k", &loss).await.problem(409, "insufficient_stock");
    assert_eq!(get(&shop.router, &place).await.json()["available"], 5);
    for body in [json!({ "delta": 0, "reason": "x" }), json!({ "delta": 1, "reason": "" })] {
        admin.post(&place, "k2", &body).await.problem(422, "validation_failed");
    }
    let absent = "/v1/products/01890a5d-ac96-774b-bcce-b302099a9001/inventory";
    get(&shop.router, absent).await.problem(404, "not_found");
    admin.post(absent, "k3", &loss).await.problem(404, "not_found");
}
