//! `POST /v1/payments`: what a charge comes to, what is refused, and what a key is worth.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::assert_replays;
use crate::api::shop::{Shop, all_of};
use crate::support::factories::customer;

fn charge(amount: i64, currency: &str) -> Value {
    json!({ "amount": amount, "currency": currency, "paymentMethod": "pm_ok" })
}

fn with(mut body: Value, member: &str, value: impl Into<Value>) -> Value {
    body[member] = value.into();
    body
}

#[tokio::test]
async fn paying_all_of_an_order_twice_with_one_key_charges_once_and_answers_the_same_bytes() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 2).await;
    let first = ada.pay("k1", &all_of(&order, "pm_ok")).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let payment = first.json();
    assert_eq!(payment["status"], "succeeded");
    assert_eq!(payment["amountCaptured"], order["totalAmount"]);
    assert_eq!(payment["orderId"], order["id"]);
    assert_eq!(
        first.header("location"),
        format!("/v1/payments/{}", payment["id"].as_str().unwrap())
    );

    let reordered = format!(
        r#"{{ "paymentMethod":"pm_ok", "currency":"MYR", "amount":3980, "orderId":{} }}"#,
        order["id"]
    );
    let headers: [(&str, &[u8]); 1] = [("idempotency-key", b"\"k1\"")];
    assert_replays(&first, &ada.post_with("/v1/payments", &headers, &reordered).await);
    let paid = ada.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap())).await.json();
    assert_eq!((&paid["status"], &paid["paidAmount"]), (&json!("paid"), &json!(3980)));

    let refused = ada.pay("k2", &all_of(&order, "pm_ok")).await;
    assert_eq!(refused.problem(409, "order_not_payable")["currentStatus"], "paid");
    assert_replays(&refused, &ada.pay("k2", &all_of(&order, "pm_ok")).await);
    assert_eq!(shop.sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn a_declined_charge_is_a_402_with_the_payment_in_it_and_replays_as_one() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let cases = [
        ("pm_declined", "card_declined"),
        ("pm_insufficient_funds", "insufficient_funds"),
        ("pm_expired", "expired_card"),
        ("pm_unknown", "card_declined"),
    ];
    for (method, code) in cases {
        let first = ada.pay(method, &all_of(&order, method)).await;
        let payment = first.problem(402, code)["payment"].clone();
        assert_eq!(payment["status"], "failed");
        assert_eq!(payment["amountCaptured"], 0);
        assert!(payment["failure"]["message"].is_string());
        assert_replays(&first, &ada.pay(method, &all_of(&order, method)).await);
    }
    let open = ada.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap())).await.json();
    assert_eq!(open["status"], "pending");
    assert_eq!(ada.pay("at last", &all_of(&order, "pm_ok")).await.status, 400);
    assert_eq!(ada.pay("at-last", &all_of(&order, "pm_ok")).await.status, 201);
}

#[tokio::test]
async fn a_charge_that_the_gateway_is_not_sure_of_is_a_202_whose_key_later_tells_the_end() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let body = all_of(&order, "pm_async");
    let first = ada.pay("k", &body).await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(first.json()["status"], "processing");
    let place = first.header("location").to_owned();
    assert_eq!(ada.get(&place).await.json(), first.json());
    let again = ada.pay("k", &body).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));

    let charge = shop.sandbox.record().await.remove(0);
    let settle = format!("/sandbox/charges/{}/settle", charge["id"].as_str().unwrap());
    shop.sandbox.post(&settle, "s", json!({ "outcome": "captured" })).await;
    shop.test.clock.advance(time::Duration::seconds(1));
    assert_eq!(shop.reconcile().await, 1);
    let end = ada.pay("k", &body).await;
    assert_eq!(end.status, 201, "{}", end.text);
    assert_eq!(end.json()["status"], "succeeded");
    assert_eq!(end.header("location"), place);
    assert_replays(&end, &ada.pay("k", &body).await);
    assert_eq!(shop.sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn a_manual_capture_sets_the_money_aside_and_the_default_method_stands_in() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mut body = with(charge(500, "MYR"), "captureMethod", "manual");
    let authorized = ada.pay("k1", &body).await;
    assert_eq!(authorized.status, 201, "{}", authorized.text);
    assert_eq!(authorized.json()["status"], "requires_capture");
    assert_eq!(authorized.json()["amountCaptured"], 0);

    body.as_object_mut().unwrap().remove("paymentMethod");
    let unsaid = ada.pay("k2", &body).await.problem(422, "validation_failed");
    assert_eq!(unsaid["errors"][0]["pointer"], "/paymentMethod");
    let set = "UPDATE users SET default_payment_method = 'pm_ok'";
    sqlx::query(set).execute(&*shop.test.services.pool).await.unwrap();
    let paid = ada.pay("k3", &body).await;
    assert_eq!(paid.json()["paymentMethod"], "pm_ok", "{}", paid.text);
}

#[tokio::test]
async fn amounts_that_are_no_money_are_refused_where_they_stand_and_charge_nothing() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let amounts = [
        "0",
        "-1",
        "-0",
        "1.5",
        "1.0",
        "\"100\"",
        "1e3",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "1e400",
        "100000000000",
        "null",
        "true",
        "[1]",
        "{}",
    ];
    for amount in amounts {
        let body = format!(r#"{{"amount":{amount},"currency":"MYR","paymentMethod":"pm_ok"}}"#);
        let headers: [(&str, &[u8]); 1] = [("idempotency-key", b"k")];
        let answered = ada.post_with("/v1/payments", &headers, &body).await;
        if answered.status == 400 {
            assert_eq!(amount, "1e400", "{}", answered.text);
            continue;
        }
        let problem = answered.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/amount", "{amount}");
    }
    for currency in ["XYZ", "myr", "MY", "", "XXX", "XAU", "MYR "] {
        let problem = ada.pay("k", &charge(100, currency)).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/currency", "{currency}");
    }
    assert_eq!(shop.count("SELECT count(*) FROM payments").await, 0);
    assert_eq!(shop.count("SELECT count(*) FROM idempotency_keys").await, 0);
    // Nothing began under the key, so it is free for the mended request.
    assert_eq!(ada.pay("k", &charge(100, "MYR")).await.status, 201);
}

#[tokio::test]
async fn money_without_and_with_three_decimal_places_and_the_largest_amount_are_charged_as_they_are()
 {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    for (amount, currency) in [(1, "JPY"), (1_234, "KWD"), (99_999_999_999, "MYR")] {
        let paid = ada.pay(currency, &charge(amount, currency)).await;
        assert_eq!(paid.status, 201, "{}", paid.text);
        assert_eq!(
            (&paid.json()["amountCaptured"], &paid.json()["currency"]),
            (&json!(amount), &json!(currency))
        );
    }
    let charged: Vec<_> =
        shop.sandbox.record().await.iter().map(|one| one["amount"].clone()).collect();
    assert_eq!(charged, [1, 1_234, 99_999_999_999_i64]);
}

#[tokio::test]
async fn an_order_takes_its_own_currency_no_more_than_is_open_and_no_strangers_money() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let whole = all_of(&order, "pm_ok");
    ada.pay("k1", &with(whole.clone(), "currency", "EUR")).await.problem(422, "currency_mismatch");
    let more = ada.pay("k2", &with(whole.clone(), "amount", 1991)).await;
    assert_eq!(more.problem(422, "amount_exceeds_outstanding")["outstanding"], 1990);
    assert_eq!(ada.pay("k3", &with(whole.clone(), "amount", 990)).await.status, 201);
    let rest = ada.pay("k4", &whole).await;
    assert_eq!(rest.problem(422, "amount_exceeds_outstanding")["outstanding"], 1000);

    let none = with(whole.clone(), "orderId", "01890a5d-ac96-774b-bcce-b302099a8001");
    for (key, actor, body) in [("k5", &ada, &none), ("k6", &eve, &whole)] {
        let unknown = actor.pay(key, body).await.problem(422, "validation_failed");
        assert_eq!(unknown["errors"][0]["pointer"], "/orderId");
        assert_eq!(unknown["errors"][0]["code"], "unknown_order");
    }
}

#[tokio::test]
async fn only_those_who_may_act_for_others_charge_another_customer() {
    let shop = Shop::open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    let other = customer(&shop.test).await;
    let theirs = with(charge(100, "MYR"), "customerId", other.to_string());
    ada.pay("k1", &theirs).await.problem(403, "forbidden");
    let own = with(charge(100, "MYR"), "customerId", ada.id.to_string());
    assert_eq!(ada.pay("k1", &own).await.json()["customerId"], ada.id.to_string());
    assert_eq!(support.pay("k1", &theirs).await.json()["customerId"], other.to_string());

    let nobody = with(charge(100, "MYR"), "customerId", "01890a5d-ac96-774b-bcce-b302099a8001");
    let unknown = support.pay("k2", &nobody).await.problem(422, "validation_failed");
    assert_eq!(unknown["errors"][0]["pointer"], "/customerId");
}

#[tokio::test]
async fn what_a_client_does_not_decide_cannot_be_said() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    for member in ["id", "status", "amountCaptured", "amountRefunded", "createdAt", "failure"] {
        let body = with(charge(100, "MYR"), member, 1);
        let problem = ada.pay("k", &body).await.problem(422, "unknown_field");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"));
    }
    for (member, wrong) in [
        ("captureMethod", "later"),
        ("paymentMethod", "card"),
        ("orderId", "1"),
        ("customerId", "x"),
    ] {
        let body = with(charge(100, "MYR"), member, wrong);
        let problem = ada.pay("k", &body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"));
    }
}

#[tokio::test]
async fn while_the_circuit_is_open_a_charge_is_refused_at_once_and_says_when_to_come_back() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    shop.sandbox.put_faults(json!({ "down": true })).await;
    let keys: Vec<_> = (0..20).map(|number| format!("k{number}")).collect();
    let body = charge(1, "MYR");
    for answered in join_all(keys.iter().map(|key| ada.pay(key, &body))).await {
        assert_eq!(answered.status, 202, "{}", answered.text);
    }
    let refused = ada.pay("late", &body).await;
    refused.problem(503, "payment_gateway_unavailable");
    assert_eq!(refused.header("retry-after"), "10");
    assert_eq!(shop.count("SELECT count(*) FROM payments").await, 20);

    shop.sandbox.put_faults(json!({})).await;
    shop.test.clock.advance(time::Duration::seconds(10));
    assert_eq!(ada.pay("late", &body).await.status, 201);
}
