//! `POST /v1/payments/{id}/cancel`: what was set aside is released, and what was taken stays taken.

use serde_json::json;

use super::assert_replays;
use super::capture::set_aside;
use crate::api::shop::{Shop, all_of};

#[tokio::test]
async fn a_cancelled_payment_frees_its_order_and_can_be_neither_taken_nor_cancelled_again() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let place = set_aside(&ada, &order).await;
    let cancel = format!("{place}/cancel");
    let first = ada.post_empty(&cancel, "c1").await;
    assert_eq!((first.status.as_u16(), &first.json()["status"]), (200, &json!("canceled")));
    assert_replays(&first, &ada.post_empty(&cancel, "c1").await);
    assert_eq!(shop.sandbox.record().await[0]["status"], "canceled");

    let again = ada.post_empty(&cancel, "c2").await;
    assert_eq!(again.problem(409, "payment_not_cancellable")["currentStatus"], "canceled");
    let taken = ada.post_empty(&format!("{place}/capture"), "c3").await;
    assert_eq!(taken.problem(409, "payment_not_capturable")["currentStatus"], "canceled");
    assert_eq!(ada.pay("k", &all_of(&order, "pm_ok")).await.status, 201);
}

#[tokio::test]
async fn a_payment_that_was_taken_or_is_anothers_cannot_be_cancelled() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let place = set_aside(&ada, &order).await;
    eve.post_empty(&format!("{place}/cancel"), "c1").await.problem(404, "not_found");
    assert_eq!(ada.post_empty(&format!("{place}/capture"), "c2").await.status, 200);
    let refused = ada.post_empty(&format!("{place}/cancel"), "c3").await;
    assert_eq!(refused.problem(409, "payment_not_cancellable")["currentStatus"], "succeeded");
}
