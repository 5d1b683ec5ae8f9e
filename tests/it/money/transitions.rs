//! Every state of orders and payments under every verb: the one legal step, or 409 with the present state and no event.

use serde_json::{Value, json};

use super::assert_right;
use crate::api::shop::{Actor, Shop, all_of};
use crate::api::support::Answered;

/// What comes of a verb: the state it leads to, or the refusal's code.
type Expected = Result<&'static str, &'static str>;

const PAY: Expected = Err("order_not_payable");
const CANCEL: Expected = Err("order_not_cancellable");
const FULFIL: Expected = Err("order_not_fulfillable");

/// State; then what comes of paying, cancelling and fulfilling it.
const ORDERS: [(&str, [Expected; 3]); 6] = [
    ("pending", [Ok("paid"), Ok("cancelled"), FULFIL]),
    ("paid", [PAY, CANCEL, Ok("fulfilled")]),
    ("fulfilled", [PAY, CANCEL, FULFIL]),
    ("refunded", [PAY, CANCEL, FULFIL]),
    ("cancelled", [PAY, CANCEL, FULFIL]),
    ("expired", [PAY, CANCEL, FULFIL]),
];

const CAPTURE: Expected = Err("payment_not_capturable");
const RELEASE: Expected = Err("payment_not_cancellable");
const REFUND: Expected = Err("payment_not_refundable");

/// State; then what comes of capturing, cancelling and refunding it.
const PAYMENTS: [(&str, [Expected; 3]); 5] = [
    ("processing", [CAPTURE, RELEASE, REFUND]),
    ("requires_capture", [Ok("succeeded"), Ok("canceled"), REFUND]),
    ("succeeded", [CAPTURE, RELEASE, Ok("succeeded")]),
    ("failed", [CAPTURE, RELEASE, REFUND]),
    ("canceled", [CAPTURE, RELEASE, REFUND]),
];

struct Scene {
    shop: Shop,
    staff: Actor,
    /// The next key, and the next product's name.
    next: usize,
}

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

impl Scene {
    async fn open() -> Self {
        let shop = Shop::open().await;
        let staff = shop.staff("support").await;
        Self { shop, staff, next: 0 }
    }

    async fn post(&mut self, path: &str, body: &Value) -> Answered {
        self.next += 1;
        self.staff.post(path, &format!("k{}", self.next), body).await
    }

    async fn done(&mut self, path: &str, body: &Value) -> Value {
        let answered = self.post(path, body).await;
        assert!(answered.status.is_success(), "{path}: {}", answered.text);
        answered.json()
    }

    async fn pending(&mut self) -> Value {
        self.next += 1;
        let product = self.shop.product(&format!("MUG-{}", self.next), 5).await;
        self.staff.order(&product, 1).await
    }

    async fn order_in(&mut self, state: &str) -> Value {
        let order = self.pending().await;
        let place = format!("/v1/orders/{}", id(&order));
        if matches!(state, "paid" | "fulfilled" | "refunded") {
            let payment = self.done("/v1/payments", &all_of(&order, "pm_ok")).await;
            if state == "fulfilled" {
                self.done(&format!("{place}/fulfil"), &json!({})).await;
            } else if state == "refunded" {
                self.done(&format!("/v1/payments/{}/refunds", id(&payment)), &json!({})).await;
            }
        } else if state == "cancelled" {
            self.done(&format!("{place}/cancel"), &json!({})).await;
        } else if state == "expired" {
            let shop = &self.shop;
            sqlx::query("UPDATE orders SET expires_at = created_at WHERE id = $1::uuid")
                .bind(id(&order))
                .execute(&*shop.test.services.pool)
                .await
                .unwrap();
            let cause = shop.test.cause();
            let ended = till::service::orders::expire_due(&shop.test.services, &cause, 10).await;
            assert_eq!(ended.unwrap(), 1);
        }
        assert_eq!(self.state_of(&place).await, state);
        order
    }

    /// A stand-alone payment in this state; its address.
    async fn payment_in(&mut self, state: &str) -> String {
        let (method, capture) = match state {
            "processing" => ("pm_async", "automatic"),
            "failed" => ("pm_declined", "automatic"),
            "succeeded" => ("pm_ok", "automatic"),
            _ => ("pm_ok", "manual"),
        };
        let body = json!({
            "amount": 100, "currency": "MYR", "paymentMethod": method, "captureMethod": capture,
        });
        let made = self.post("/v1/payments", &body).await.json();
        let made = made.get("payment").unwrap_or(&made);
        let place = format!("/v1/payments/{}", id(made));
        if state == "canceled" {
            self.done(&format!("{place}/cancel"), &json!({})).await;
        }
        assert_eq!(self.state_of(&place).await, state);
        place
    }

    async fn state_of(&self, place: &str) -> String {
        self.staff.get(place).await.json()["status"].as_str().unwrap().to_owned()
    }

    async fn events(&self) -> i64 {
        self.shop.count("SELECT count(*) FROM outbox").await
    }

    /// Does it, and sees what was expected: of the answer, of the state afterwards, and of events.
    async fn try_it(
        &mut self,
        (path, body): (&str, &Value),
        place: &str,
        (state, expected): (&str, Expected),
    ) {
        let before = self.events().await;
        let answered = self.post(path, body).await;
        match expected {
            Ok(after) => {
                assert!(answered.status.is_success(), "{path} of {state}: {}", answered.text);
                assert_eq!(self.state_of(place).await, after, "{path} of {state}");
                assert!(self.events().await > before, "{path} of {state}");
            }
            Err(code) => {
                assert_eq!(answered.problem(409, code)["currentStatus"], state, "{path}");
                assert_eq!(self.state_of(place).await, state, "{path}");
                assert_eq!(self.events().await, before, "{path} of {state}");
            }
        }
    }
}

#[tokio::test]
async fn every_state_of_an_order_takes_its_one_legal_step_and_refuses_the_others_with_409() {
    let mut scene = Scene::open().await;
    for (state, expected) in ORDERS {
        for (verb, expected) in ["pay", "cancel", "fulfil"].into_iter().zip(expected) {
            let order = scene.order_in(state).await;
            let place = format!("/v1/orders/{}", id(&order));
            let (path, body) = if verb == "pay" {
                ("/v1/payments".to_owned(), all_of(&order, "pm_ok"))
            } else {
                (format!("{place}/{verb}"), json!({}))
            };
            scene.try_it((&path, &body), &place, (state, expected)).await;
        }
    }
    assert_right(&scene.shop).await;
}

#[tokio::test]
async fn every_state_of_a_payment_takes_its_one_legal_step_and_refuses_the_others_with_409() {
    let mut scene = Scene::open().await;
    for (state, expected) in PAYMENTS {
        for (verb, expected) in ["capture", "cancel", "refunds"].into_iter().zip(expected) {
            let place = scene.payment_in(state).await;
            let path = format!("{place}/{verb}");
            scene.try_it((&path, &json!({})), &place, (state, expected)).await;
        }
    }
    assert_right(&scene.shop).await;
}
