//! `POST /v1/gateway/callbacks`: news of a charge settles it once, whoever repeats, reorders or forges it.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use till::domain::clock::{Clock, SystemClock};
use till::service::payments::look_again_due;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::api::shop::{Actor, Shop, all_of};
use crate::api::support::{Answered, router_with, send};
use crate::sandbox::support::SIGNING_SECRET;

pub const PATH: &str = "/v1/gateway/callbacks";

/// A message as the gateway signs it.
#[derive(Clone)]
pub struct Message {
    id: String,
    timestamp: String,
    body: String,
    signature: String,
}

impl Message {
    pub fn about(charge: &Value) -> Self {
        let body = json!({ "type": "charge.captured", "data": { "charge": charge } }).to_string();
        Self::signed("evt_1", SystemClock.now().unix_timestamp(), body)
    }

    pub fn signed(id: &str, timestamp: i64, body: String) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET).unwrap();
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        Self { id: id.to_owned(), timestamp: timestamp.to_string(), body, signature }
    }

    pub async fn send(&self, shop: &Shop) -> Answered {
        let request = Request::post(PATH)
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", &self.timestamp)
            .header("webhook-signature", &self.signature);
        send(&shop.router, request.body(Body::from(self.body.clone())).unwrap()).await
    }
}

/// An order whose payment the gateway is still thinking about; order, body and key of the payment.
async fn undecided(shop: &Shop, actor: &Actor) -> (Value, Value) {
    let order = actor.order(&shop.product("MUG", 5).await, 1).await;
    let body = all_of(&order, "pm_async");
    let open = actor.pay("k", &body).await;
    assert_eq!(open.status, 202, "{}", open.text);
    (order, open.json())
}

async fn decide(shop: &Shop, outcome: &str) -> Value {
    let charge = shop.sandbox.record().await.remove(0);
    let settle = format!("/sandbox/charges/{}/settle", charge["id"].as_str().unwrap());
    shop.sandbox.post(&settle, "s", json!({ "outcome": outcome })).await;
    shop.sandbox.record().await.remove(0)
}

async fn status_of(actor: &Actor, payment: &Value) -> Value {
    let place = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
    actor.get(&place).await.json()["status"].clone()
}

#[tokio::test]
async fn ten_copies_of_a_call_back_settle_the_payment_once() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let (order, payment) = undecided(&shop, &ada).await;
    let early = Message::about(&shop.sandbox.record().await[0]);
    assert_eq!(early.send(&shop).await.status, 204);
    assert_eq!(status_of(&ada, &payment).await, "processing");

    let message = Message::about(&decide(&shop, "captured").await);
    for answered in join_all((0..10).map(|_| message.send(&shop))).await {
        assert_eq!(answered.status, 204, "{}", answered.text);
    }
    assert_eq!(status_of(&ada, &payment).await, "succeeded");
    let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(ada.get(&place).await.json()["status"], "paid");
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 1);
    let told = "SELECT count(*) FROM outbox WHERE topic IN ('payment.succeeded', 'order.paid')";
    assert_eq!(shop.count(told).await, 2);
    let end = ada.pay("k", &all_of(&order, "pm_async")).await;
    assert_eq!((end.status.as_u16(), end.header("idempotency-replayed")), (201, "true"));
}

#[tokio::test]
async fn what_a_message_claims_counts_for_nothing_against_what_the_gateway_says() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let (_, payment) = undecided(&shop, &ada).await;
    let mut charge = decide(&shop, "declined").await;
    charge["status"] = "captured".into();
    assert_eq!(Message::about(&charge).send(&shop).await.status, 204);
    assert_eq!(status_of(&ada, &payment).await, "failed");
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 0);
}

#[tokio::test]
async fn forged_changed_and_old_messages_are_401_and_nothing_of_them_is_read() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let (_, payment) = undecided(&shop, &ada).await;
    let good = Message::about(&decide(&shop, "captured").await);
    let old = SystemClock.now().unix_timestamp() - 301;
    let bad = [
        Message { signature: String::new(), ..good.clone() },
        Message { signature: "v1,AAAA".to_owned(), ..good.clone() },
        Message { body: good.body.replace("captured", "Captured"), ..good.clone() },
        Message { id: "evt_2".to_owned(), ..good.clone() },
        Message { timestamp: "0".to_owned(), ..good.clone() },
        Message::signed("evt_1", old, good.body.clone()),
        Message::signed("evt_1", old + 700, good.body.clone()),
    ];
    for message in bad {
        let refused = message.send(&shop).await;
        refused.problem(401, "signature_invalid");
        assert_eq!(refused.header("www-authenticate"), "Webhook-Signature");
    }
    Message::signed("evt_1", old + 301, "{".to_owned())
        .send(&shop)
        .await
        .problem(400, "malformed_json");
    assert_eq!(status_of(&ada, &payment).await, "processing");
    assert_eq!(good.send(&shop).await.status, 204);
    assert_eq!(status_of(&ada, &payment).await, "succeeded");
}

#[tokio::test]
async fn a_signed_message_of_another_amount_currency_or_payment_is_kept_for_a_human() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let (_, payment) = undecided(&shop, &ada).await;
    let charge = decide(&shop, "captured").await;
    let wrong = [
        ("amount", json!(1)),
        ("currency", json!("EUR")),
        ("key", json!("01890a5d-ac96-774b-bcce-b302099a8001")),
        ("key", json!("x")),
    ];
    for (number, (member, value)) in wrong.into_iter().enumerate() {
        let mut charge = charge.clone();
        charge[member] = value;
        let body = json!({ "data": { "charge": charge } }).to_string();
        let now = SystemClock.now().unix_timestamp();
        let message = Message::signed(&format!("evt_{number}"), now, body);
        assert_eq!(message.send(&shop).await.status, 204);
        assert_eq!(message.send(&shop).await.status, 204);
    }
    assert_eq!(shop.count("SELECT count(*) FROM quarantined_callbacks").await, 4);
    assert_eq!(status_of(&ada, &payment).await, "processing");
}

/// A payment that we gave up, and whose charge arrives at the gateway after all.
async fn charged_after_all(shop: &Shop, actor: &mut Actor, order: &Value) -> (Value, Message) {
    let open = actor.pay("late", &all_of(order, "pm_error")).await;
    assert_eq!(open.status, 202, "{}", open.text);
    for _ in 0..10 {
        shop.test.clock.advance(time::Duration::minutes(10));
        assert_eq!(shop.reconcile().await, 1);
    }
    // By now the token is too old.
    *actor = shop.sign_in(actor.id, "ada@example.com").await;
    let payment = open.json();
    assert_eq!(status_of(actor, &payment).await, "failed");
    let charge = json!({
        "amount": payment["amount"], "currency": payment["currency"], "paymentMethod": "pm_ok",
        "capture": true,
    });
    let made = shop.sandbox.post("/v1/charges", payment["id"].as_str().unwrap(), charge).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    (payment, Message::about(&made.body))
}

#[tokio::test]
async fn money_that_comes_late_is_taken_by_an_order_that_still_waits_for_it() {
    let shop = Shop::open().await;
    let mut ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let (payment, message) = charged_after_all(&shop, &mut ada, &order).await;
    for _ in 0..2 {
        assert_eq!(message.send(&shop).await.status, 204);
    }
    assert_eq!(status_of(&ada, &payment).await, "succeeded");
    let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let order = ada.get(&place).await.json();
    assert_eq!((&order["status"], &order["paidAmount"]), (&json!("paid"), &json!(1990)));
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 1);
    assert_eq!(shop.count("SELECT count(*) FROM refunds").await, 0);
}

#[tokio::test]
async fn late_money_whose_call_back_was_lost_is_found_an_hour_or_a_day_after_it_was_given_up() {
    let shop = Shop::open().await;
    let mut ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let (payment, _lost) = charged_after_all(&shop, &mut ada, &order).await;
    let look = || look_again_due(&shop.payments, 10);
    shop.test.clock.advance(time::Duration::minutes(59));
    assert_eq!(look().await.unwrap(), 0);
    shop.sandbox.put_faults(json!({ "down": true })).await;
    shop.test.clock.advance(time::Duration::minutes(1));
    assert!(look().await.is_err());
    shop.sandbox.put_faults(json!({})).await;
    shop.test.clock.advance(time::Duration::minutes(1));
    assert_eq!((look().await.unwrap(), look().await.unwrap()), (1, 0));
    ada = shop.sign_in(ada.id, "ada@example.com").await;
    assert_eq!(status_of(&ada, &payment).await, "succeeded");
    for looks in [1, 0] {
        shop.test.clock.advance(time::Duration::hours(24));
        assert_eq!(look().await.unwrap(), looks);
    }
}

#[tokio::test]
async fn money_that_comes_too_late_is_on_the_record_and_goes_back() {
    let shop = Shop::open().await;
    let mut ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let (payment, message) = charged_after_all(&shop, &mut ada, &order).await;
    assert_eq!(ada.pay("k2", &all_of(&order, "pm_ok")).await.status, 201);
    assert_eq!(message.send(&shop).await.status, 204);
    assert_eq!(shop.reconcile().await, 1);
    assert_eq!(message.send(&shop).await.status, 204);
    assert_eq!(shop.reconcile().await, 0);
    let place = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
    let payment = ada.get(&place).await.json();
    assert_eq!(
        (&payment["amountCaptured"], &payment["amountRefunded"]),
        (&json!(1990), &json!(1990))
    );
    let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let order = ada.get(&place).await.json();
    assert_eq!((&order["status"], &order["paidAmount"]), (&json!("paid"), &json!(1990)));
    assert_eq!(order["refundedAmount"], 0);
    let owed = "SELECT sum(amount)::bigint FROM journal_lines WHERE account = 'unapplied_cash'";
    assert_eq!(shop.count(owed).await, 0);
    let held = "SELECT sum(amount)::bigint FROM journal_lines WHERE account = 'gateway_receivable'";
    assert_eq!(shop.count(held).await, 1990);
}

#[tokio::test]
async fn the_gateways_own_call_backs_reach_us_over_a_socket_and_are_believed() {
    let mut shop = Shop::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
    shop.payments.callback_url = Some(url);
    let (sender, mut heard) = mpsc::unbounded_channel();
    let router = router_with(&shop.test, shop.payments.clone());
    let watched = router.clone().layer(from_fn(move |request: Request, next: Next| {
        let sender = sender.clone();
        async move {
            let answer = next.run(request).await;
            sender.send(answer.status()).unwrap();
            answer
        }
    }));
    drop(tokio::spawn(async move { axum::serve(listener, watched).await }));
    let ada = shop.customer("ada").await.at(&router);
    let (_, payment) = undecided(&shop, &ada).await;
    decide(&shop, "captured").await;
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), heard.recv()).await;
    assert_eq!(answer.unwrap().unwrap(), 204);
    assert_eq!(status_of(&ada, &payment).await, "succeeded");
}
