//! `…/payments/{id}/refunds`: money goes back in parts or whole, never more than came in.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::assert_replays;
use crate::api::shop::{Actor, Shop, all_of};

/// An order of MYR 39.80, paid; the order and the payment's address.
async fn paid_order(shop: &Shop, actor: &Actor) -> (Value, String) {
    let order = actor.order(&shop.product("MUG", 5).await, 2).await;
    let paid = actor.pay("k", &all_of(&order, "pm_ok")).await;
    assert_eq!(paid.status, 201, "{}", paid.text);
    (order, paid.header("location").to_owned())
}

#[tokio::test]
async fn parts_go_back_until_all_is_refunded_and_the_order_with_it() {
    let shop = Shop::open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    let (order, place) = paid_order(&shop, &ada).await;
    let refunds = format!("{place}/refunds");
    let order = format!("/v1/orders/{}", order["id"].as_str().unwrap());

    let part = json!({ "amount": 1000, "reason": "One arrived broken." });
    let first = support.post(&refunds, "r1", &part).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let refund = first.json();
    assert_eq!((&refund["status"], &refund["amount"]), (&json!("succeeded"), &json!(1000)));
    assert_eq!(refund["reason"], "One arrived broken.");
    assert_eq!(ada.get(first.header("location")).await.json(), refund);
    assert_replays(&first, &support.post(&refunds, "r1", &part).await);
    assert_eq!(ada.get(&order).await.json()["status"], "paid");
    assert_eq!(ada.get(&order).await.json()["refundedAmount"], 1000);

    let more = support.post(&refunds, "r2", &json!({ "amount": 2981 })).await;
    assert_eq!(more.problem(409, "refund_exceeds_payment")["refundable"], 2980);
    let rest = support.post_empty(&refunds, "r3").await;
    assert_eq!(rest.json()["amount"], 2980, "{}", rest.text);
    let nothing = support.post_empty(&refunds, "r4").await;
    assert_eq!(nothing.problem(409, "refund_exceeds_payment")["refundable"], 0);

    let (order, payment) = (ada.get(&order).await.json(), ada.get(&place).await.json());
    assert_eq!((&order["status"], &order["refundedAmount"]), (&json!("refunded"), &json!(3980)));
    assert_eq!(payment["amountRefunded"], 3980);
    let listed = ada.get(&refunds).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let owed = "SELECT sum(amount)::bigint FROM journal_lines WHERE account = 'gateway_receivable'";
    assert_eq!(shop.count(owed).await, 0);
    assert_eq!(shop.sandbox.record().await[0]["amountRefunded"], 3980);
    let told = "SELECT count(*) FROM outbox WHERE topic IN ('refund.succeeded', 'order.refunded')";
    assert_eq!(shop.count(told).await, 3);
}

#[tokio::test]
async fn of_twenty_full_refunds_at_once_over_two_instances_one_goes_back() {
    let shop = Shop::open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    let (_, place) = paid_order(&shop, &ada).await;
    let refunds = format!("{place}/refunds");
    let staff = [support.clone(), support.at(&shop.twin().await)];
    let keys: Vec<String> = (0..20).map(|number| format!("r{number}")).collect();
    let asked =
        keys.iter().enumerate().map(|(number, key)| staff[number % 2].post_empty(&refunds, key));
    let answers = join_all(asked).await;
    assert_eq!(answers.iter().filter(|answered| answered.status == 201).count(), 1);
    for refused in answers.iter().filter(|answered| answered.status != 201) {
        refused.problem(409, "refund_exceeds_payment");
    }
    assert_eq!(shop.sandbox.record().await[0]["amountRefunded"], 3980);
}

#[tokio::test]
async fn partial_refunds_at_once_never_give_back_more_than_was_captured() {
    let shop = Shop::open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    let (_, place) = paid_order(&shop, &ada).await;
    let refunds = format!("{place}/refunds");
    let keys: Vec<String> = (0..10).map(|number| format!("r{number}")).collect();
    let part = json!({ "amount": 1500 });
    let answers = join_all(keys.iter().map(|key| support.post(&refunds, key, &part))).await;
    assert_eq!(answers.iter().filter(|answered| answered.status == 201).count(), 2);
    assert_eq!(ada.get(&place).await.json()["amountRefunded"], 3000);
    assert_eq!(shop.sandbox.record().await[0]["amountRefunded"], 3000);
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_a_202_holds_its_part_and_ends_later() {
    let shop = Shop::open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    let (_, place) = paid_order(&shop, &ada).await;
    let refunds = format!("{place}/refunds");
    shop.sandbox.put_faults(json!({ "down": true })).await;
    let open = support.post(&refunds, "r1", &json!({ "amount": 3000 })).await;
    assert_eq!(open.status, 202, "{}", open.text);
    assert_eq!(open.json()["status"], "processing");
    assert_eq!(support.get(open.header("location")).await.json(), open.json());
    let more = support.post(&refunds, "r2", &json!({ "amount": 981 })).await;
    assert_eq!(more.problem(409, "refund_exceeds_payment")["refundable"], 980);

    shop.sandbox.put_faults(json!({})).await;
    shop.test.clock.advance(time::Duration::seconds(1));
    assert_eq!(shop.reconcile().await, 1);
    let end = support.post(&refunds, "r1", &json!({ "amount": 3000 })).await;
    assert_eq!((end.status.as_u16(), &end.json()["status"]), (201, &json!("succeeded")));
    assert_eq!(ada.get(&place).await.json()["amountRefunded"], 3000);
    assert_eq!(shop.sandbox.record().await[0]["amountRefunded"], 3000);
}

#[tokio::test]
async fn customers_see_their_refunds_and_only_staff_make_them() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let support = shop.staff("support").await;
    let (_, place) = paid_order(&shop, &ada).await;
    let refunds = format!("{place}/refunds");
    let refused = ada.post_empty(&refunds, "r1").await;
    refused.problem(403, "insufficient_scope");
    assert!(refused.header("www-authenticate").contains("refunds:write"));
    let made = support.post(&refunds, "r1", &json!({ "amount": 1 })).await;
    let made = made.header("location");
    assert_eq!(ada.get(made).await.status, 200);
    for hidden in [refunds.as_str(), made, &format!("{refunds}/x")] {
        eve.get(hidden).await.problem(404, "not_found");
    }
    let declined = json!({ "amount": 1, "currency": "MYR", "paymentMethod": "pm_declined" });
    let failed = ada.pay("k2", &declined).await;
    let failed = failed.json()["payment"]["id"].as_str().unwrap().to_owned();
    let refused = support.post_empty(&format!("/v1/payments/{failed}/refunds"), "r2").await;
    assert_eq!(refused.problem(409, "payment_not_refundable")["currentStatus"], "failed");
    for (body, pointer) in
        [(json!({ "amount": 0 }), "/amount"), (json!({ "reason": "" }), "/reason")]
    {
        let problem = support.post(&refunds, "r3", &body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}
