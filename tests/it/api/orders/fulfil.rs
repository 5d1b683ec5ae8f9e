//! `POST /v1/orders/{id}/fulfil`: by staff, for paid orders, once.

use serde_json::json;

use crate::api::shop::{Shop, all_of};

#[tokio::test]
async fn staff_fulfil_a_paid_order_once() {
    let shop = Shop::open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let place = format!("/v1/orders/{}/fulfil", order["id"].as_str().unwrap());
    let early = support.post(&place, "k1", &json!({})).await;
    assert_eq!(early.problem(409, "order_not_fulfillable")["currentStatus"], "pending");
    assert_eq!(ada.pay("k", &all_of(&order, "pm_ok")).await.status, 201);

    let done = support.post(&place, "k2", &json!({})).await;
    assert_eq!((done.status.as_u16(), &done.json()["status"]), (200, &json!("fulfilled")));
    let again = support.post(&place, "k2", &json!({})).await;
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&done.text, "true"));
    let bare = support.post_with(&place, &[], "").await;
    assert_eq!(bare.problem(409, "order_not_fulfillable")["currentStatus"], "fulfilled");
    assert_eq!(shop.count("SELECT count(*) FROM outbox WHERE topic = 'order.fulfilled'").await, 1);
}

#[tokio::test]
async fn a_customer_fulfils_nothing_and_learns_nothing() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let place = format!("/v1/orders/{}/fulfil", order["id"].as_str().unwrap());
    let own = ada.post(&place, "k", &json!({})).await.problem(403, "forbidden");
    let absent = "/v1/orders/01890a5d-ac96-774b-bcce-b302099aa002/fulfil";
    for path in [place.as_str(), absent] {
        let problem = eve.post(path, "k", &json!({})).await.problem(403, "forbidden");
        assert_eq!(problem["detail"], own["detail"]);
    }
    let support = shop.staff("support").await;
    support.post(absent, "k", &json!({})).await.problem(404, "not_found");
}
