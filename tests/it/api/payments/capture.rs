//! `POST /v1/payments/{id}/capture`: taken once, never more than was set aside, and known however the answer got lost.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::assert_replays;
use crate::api::shop::{Actor, Shop, all_of};

/// Sets the whole price of an order aside; its address.
pub async fn set_aside(actor: &Actor, order: &Value) -> String {
    let mut body = all_of(order, "pm_ok");
    body["captureMethod"] = "manual".into();
    let key = format!("aside-{}", order["id"].as_str().unwrap());
    let payment = actor.pay(&key, &body).await;
    assert_eq!(payment.json()["status"], "requires_capture", "{}", payment.text);
    payment.header("location").to_owned()
}

#[tokio::test]
async fn a_capture_takes_all_once_pays_the_order_and_replays_with_or_without_an_empty_object() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 2).await;
    let place = set_aside(&ada, &order).await;
    let capture = format!("{place}/capture");

    let first = ada.post_empty(&capture, "c1").await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json()["status"], "succeeded");
    assert_eq!(first.json()["amountCaptured"], 3980);
    assert_replays(&first, &ada.post(&capture, "c1", &json!({})).await);
    ada.post(&capture, "c1", &json!({ "amount": 1 })).await.problem(422, "idempotency_key_reused");

    let again = ada.post_empty(&capture, "c2").await;
    assert_eq!(again.problem(409, "payment_not_capturable")["currentStatus"], "succeeded");
    assert_replays(&again, &ada.post_empty(&capture, "c2").await);
    let paid = ada.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap())).await.json();
    assert_eq!((&paid["status"], &paid["paidAmount"]), (&json!("paid"), &json!(3980)));
    let booked = "SELECT sum(amount)::bigint FROM journal_lines WHERE account = 'sales'";
    assert_eq!(shop.count(booked).await, -3980);
}

#[tokio::test]
async fn a_part_is_taken_and_the_rest_released_so_that_another_payment_may_pay_it() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 2).await;
    let capture = format!("{}/capture", set_aside(&ada, &order).await);

    let more = ada.post(&capture, "c1", &json!({ "amount": 3981 })).await;
    assert_eq!(more.problem(422, "validation_failed")["errors"][0]["pointer"], "/amount");
    let part = ada.post(&capture, "c2", &json!({ "amount": 1000 })).await;
    assert_eq!(part.json()["amountCaptured"], 1000, "{}", part.text);
    let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let open = ada.get(&place).await.json();
    assert_eq!((&open["status"], &open["paidAmount"]), (&json!("pending"), &json!(1000)));

    let mut rest = all_of(&order, "pm_ok");
    rest["amount"] = json!(2981);
    ada.pay("k1", &rest).await.problem(422, "amount_exceeds_outstanding");
    rest["amount"] = json!(2980);
    assert_eq!(ada.pay("k2", &rest).await.status, 201);
    assert_eq!(ada.get(&place).await.json()["status"], "paid");
}

#[tokio::test]
async fn of_twenty_captures_at_once_one_takes_the_money() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let capture = format!("{}/capture", set_aside(&ada, &order).await);
    let keys: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
    let answers = join_all(keys.iter().map(|key| ada.post_empty(&capture, key))).await;
    assert_eq!(answers.iter().filter(|answered| answered.status == 200).count(), 1);
    for refused in answers.iter().filter(|answered| answered.status != 200) {
        refused.problem(409, "payment_not_capturable");
    }
    assert_eq!(shop.sandbox.record().await[0]["amountCaptured"], 1990);
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 1);
}

#[tokio::test]
async fn a_capture_whose_answer_is_lost_is_a_202_and_the_key_later_tells_the_end() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let place = set_aside(&ada, &order).await;
    let capture = format!("{place}/capture");
    shop.sandbox.put_faults(json!({ "down": true })).await;
    let open = ada.post_empty(&capture, "c1").await;
    assert_eq!(open.status, 202, "{}", open.text);
    assert_eq!(open.header("location"), place);
    assert_eq!(open.json()["status"], "requires_capture");
    ada.post_empty(&capture, "c2").await.problem(409, "payment_not_capturable");
    ada.post_empty(&format!("{place}/cancel"), "c3").await.problem(409, "payment_not_cancellable");

    shop.sandbox.put_faults(json!({})).await;
    shop.test.clock.advance(time::Duration::seconds(1));
    assert_eq!(shop.reconcile().await, 1);
    let end = ada.post_empty(&capture, "c1").await;
    assert_eq!((end.status.as_u16(), &end.json()["status"]), (200, &json!("succeeded")));
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 1);
}

#[tokio::test]
async fn only_what_was_set_aside_by_oneself_can_be_taken() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let capture = format!("{}/capture", set_aside(&ada, &order).await);
    eve.post_empty(&capture, "c1").await.problem(404, "not_found");
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
    let taken = ada.pay("k", &body).await.header("location").to_owned();
    let refused = ada.post_empty(&format!("{taken}/capture"), "c2").await;
    assert_eq!(refused.problem(409, "payment_not_capturable")["currentStatus"], "succeeded");
    ada.post(&capture, "c3", &json!({ "amount": "1" })).await.problem(422, "validation_failed");
    ada.post(&capture, "c3", &json!({ "amout": 1 })).await.problem(422, "unknown_field");
}
