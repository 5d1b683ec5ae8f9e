//! Many at once over two instances of the API: one charge a key, no piece sold twice, no deadlock that a client sees.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::shop::{Actor, Shop, all_of};
use super::support::Answered;
use crate::support::factories::customer;

/// The person at each of two instances.
async fn at_two_instances(shop: &Shop, actor: &Actor) -> [Actor; 2] {
    [actor.clone(), actor.at(&shop.twin().await)]
}

fn count(answers: &[Answered], status: u16) -> usize {
    answers.iter().filter(|answered| answered.status == status).count()
}

fn wish(lines: &[(&str, i64)]) -> Value {
    let line = |(id, quantity): &(&str, i64)| json!({ "productId": id, "quantity": quantity });
    json!({ "items": lines.iter().map(line).collect::<Vec<_>>() })
}

#[tokio::test]
async fn fifty_payments_under_one_key_at_two_instances_are_one_charge_and_one_answer() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let actors = at_two_instances(&shop, &ada).await;
    let body = all_of(&order, "pm_ok");
    let asked = (0..50).map(|number| actors[number % 2].pay("k", &body));
    let answers = join_all(asked).await;

    let last = actors[1].pay("k", &body).await;
    assert_eq!((last.status.as_u16(), last.header("idempotency-replayed")), (201, "true"));
    for answered in &answers {
        if answered.status == 409 {
            answered.problem(409, "idempotency_key_in_use");
            assert_eq!(answered.header("retry-after"), "1");
        } else {
            assert_eq!((answered.status, &answered.text), (last.status, &last.text));
            assert_eq!(answered.header("location"), last.header("location"));
        }
    }
    let executed = |answered: &&Answered| {
        answered.status == 201 && answered.header("idempotency-replayed").is_empty()
    };
    assert_eq!(answers.iter().filter(executed).count(), 1);
    assert_eq!(shop.sandbox.record().await.len(), 1);
    assert_eq!(shop.count("SELECT count(*) FROM payments").await, 1);
    let told = "SELECT count(*) FROM outbox WHERE topic = 'payment.succeeded'";
    assert_eq!(shop.count(told).await, 1);
}

#[tokio::test]
async fn fifty_orders_under_one_key_at_two_instances_are_one_order() {
    let shop = Shop::open().await;
    let actors = at_two_instances(&shop, &shop.customer("ada").await).await;
    let mug = shop.product("MUG", 100).await.id.to_string();
    let body = wish(&[(&mug, 1)]);
    let asked = (0..50).map(|number| actors[number % 2].post("/v1/orders", "k", &body));
    let answers = join_all(asked).await;
    assert_eq!(count(&answers, 201) + count(&answers, 409), 50);
    let last = actors[0].post("/v1/orders", "k", &body).await;
    for answered in answers.iter().filter(|answered| answered.status == 201) {
        assert_eq!(answered.text, last.text);
    }
    assert_eq!(shop.count("SELECT count(*) FROM orders").await, 1);
    let left = actors[1].get(&format!("/v1/products/{mug}/inventory")).await.json();
    assert_eq!(left["available"], 99);
}

#[tokio::test]
async fn of_two_hundred_buyers_at_two_instances_ten_get_the_ten_pieces() {
    let shop = Shop::open().await;
    let actors = at_two_instances(&shop, &shop.staff("support").await).await;
    let mug = shop.product("MUG", 10).await.id.to_string();
    let buyers = join_all((0..200).map(|_| customer(&shop.test))).await;
    let asked = buyers.iter().enumerate().map(|(number, buyer)| {
        let (actor, mut body) = (&actors[number % 2], wish(&[(&mug, 1)]));
        body["customerId"] = json!(buyer.to_string());
        async move { actor.post("/v1/orders", &buyer.to_string(), &body).await }
    });
    let answers = join_all(asked).await;

    assert_eq!(count(&answers, 201), 10);
    for refused in answers.iter().filter(|answered| answered.status != 201) {
        let items = &refused.problem(409, "insufficient_stock")["items"];
        assert_eq!(items[0]["productId"], mug, "{}", refused.text);
    }
    let left = actors[0].get(&format!("/v1/products/{mug}/inventory")).await.json();
    assert_eq!(left["available"], 0);
    assert_eq!(shop.count("SELECT count(*) FROM orders").await, 10);
}

#[tokio::test]
async fn orders_that_name_two_products_in_opposite_order_all_succeed() {
    let shop = Shop::open().await;
    let actors = at_two_instances(&shop, &shop.customer("ada").await).await;
    let (tea, mug) = (shop.product("TEA", 1000).await, shop.product("MUG", 1000).await);
    let (tea, mug) = (tea.id.to_string(), mug.id.to_string());
    let bodies = [wish(&[(&tea, 1), (&mug, 1)]), wish(&[(&mug, 1), (&tea, 1)])];
    for round in 0..5 {
        let asked = (0..40).map(|number| {
            let (actor, body) = (&actors[number / 2 % 2], &bodies[number % 2]);
            async move { actor.post("/v1/orders", &format!("k{round}-{number}"), body).await }
        });
        for answered in join_all(asked).await {
            assert_eq!(answered.status, 201, "{}", answered.text);
        }
    }
    for product in [tea, mug] {
        let left = actors[0].get(&format!("/v1/products/{product}/inventory")).await.json();
        assert_eq!(left["available"], 800);
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_nothing_begins() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let body = r#"{"amount":100,"currency":"MYR","paymentMethod":"pm_ok"}"#;
    let missing = ada.post_with("/v1/payments", &[], body).await;
    missing.problem(400, "idempotency_key_missing");
    let too_long = "k".repeat(256);
    let wrong: [&[&[u8]]; 7] = [
        &[b""],
        &[b"\"\""],
        &[too_long.as_bytes()],
        &[b"a\tb"],
        &[b"two words"],
        &["schl\u{fc}ssel".as_bytes()],
        &[b"k", b"k"],
    ];
    for values in wrong {
        let headers: Vec<_> = values.iter().map(|value| ("idempotency-key", *value)).collect();
        let refused = ada.post_with("/v1/payments", &headers, body).await;
        refused.problem(400, "idempotency_key_invalid");
    }
    assert_eq!(shop.count("SELECT count(*) FROM payments").await, 0);
    let longest = "k".repeat(255);
    let headers = [("idempotency-key", longest.as_bytes())];
    assert_eq!(ada.post_with("/v1/payments", &headers, body).await.status, 201);
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_user() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
    let first = ada.pay("k", &body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let quoted = ada.pay("\"k\"", &body).await;
    assert_eq!((quoted.status, &quoted.text), (first.status, &first.text));

    let other = json!({ "amount": 101, "currency": "MYR", "paymentMethod": "pm_ok" });
    ada.pay("k", &other).await.problem(422, "idempotency_key_reused");
    let mug = shop.product("MUG", 5).await.id.to_string();
    let elsewhere = ada.post("/v1/orders", "k", &wish(&[(&mug, 1)])).await;
    elsewhere.problem(422, "idempotency_key_reused");

    let eves = eve.pay("k", &body).await;
    assert_eq!((eves.status.as_u16(), eves.header("idempotency-replayed")), (201, ""));
    assert_ne!(eves.json()["id"], first.json()["id"]);
    assert_eq!(eves.json()["customerId"], eve.id.to_string());
    assert_eq!(shop.sandbox.record().await.len(), 2);
}
