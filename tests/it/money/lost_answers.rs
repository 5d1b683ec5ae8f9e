//! Answers that are lost on their way after the commit: the client asks again, elsewhere, and gets the same bytes.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::assert_right;
use crate::api::shop::{Actor, Shop};

/// An instance whose answers never arrive whole; what they were is told to the test.
struct Lossy {
    url: String,
    lost: mpsc::UnboundedReceiver<(u16, Bytes)>,
    http: reqwest::Client,
}

impl Lossy {
    async fn serve(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, lost) = mpsc::unbounded_channel();
        let losing = router.layer(from_fn(move |request: Request, next: Next| {
            let sender = sender.clone();
            async move {
                let (head, body) = next.run(request).await.into_parts();
                let bytes = to_bytes(body, 1 << 20).await.unwrap();
                sender.send((head.status.as_u16(), bytes)).unwrap();
                let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
                Response::from_parts(head, Body::from_stream(broken))
            }
        }));
        drop(tokio::spawn(async move { axum::serve(listener, losing).await }));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, lost, http }
    }

    /// Asks in vain; what would have been answered.
    async fn ask(&mut self, who: &Actor, path: &str, key: &str, body: &Value) -> (u16, Bytes) {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&who.token);
        let heard = request.header("idempotency-key", key).json(body).send().await;
        let heard = match heard {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
        assert!(heard.is_err(), "{heard:?}");
        self.lost.recv().await.unwrap()
    }
}

struct Scene {
    shop: Shop,
    lossy: Lossy,
    client: Actor,
    asked: usize,
}

impl Scene {
    /// Asks, hears nothing, and asks again at another instance; the body of the answer.
    async fn insist(&mut self, path: &str, body: Value) -> Value {
        self.asked += 1;
        let key = format!("k{}", self.asked);
        let (status, bytes) = self.lossy.ask(&self.client, path, &key, &body).await;
        assert!((200..300).contains(&status), "{path}: {bytes:?}");
        let told = "SELECT count(*) FROM outbox";
        let before = self.shop.count(told).await;
        let again = self.client.post(path, &key, &body).await;
        assert_eq!((again.status.as_u16(), again.text.as_bytes()), (status, bytes.as_ref()));
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
        assert_eq!(self.shop.count(told).await, before, "{path}");
        again.json()
    }

    async fn order(&mut self, product: &str) -> Value {
        let items = json!({ "items": [{ "productId": product, "quantity": 1 }] });
        self.insist("/v1/orders", items).await
    }

    /// Sets the price of an order aside; the payment's address.
    async fn set_aside(&mut self, order: &Value) -> String {
        let charge = json!({
            "orderId": order["id"], "amount": 1990, "currency": "MYR", "paymentMethod": "pm_ok",
            "captureMethod": "manual",
        });
        let payment = self.insist("/v1/payments", charge).await;
        format!("/v1/payments/{}", payment["id"].as_str().unwrap())
    }
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_comes_again_byte_for_byte_and_nothing_happens_twice() {
    let shop = Shop::open().await;
    let lossy = Lossy::serve(shop.twin().await).await;
    let client = shop.staff("support").await;
    let mug = shop.product("MUG", 5).await.id.to_string();
    let mut scene = Scene { shop, lossy, client, asked: 0 };

    let order = scene.order(&mug).await;
    let payment = scene.set_aside(&order).await;
    scene.insist(&format!("{payment}/capture"), json!({})).await;
    scene.insist(&format!("{payment}/refunds"), json!({ "amount": 990 })).await;

    let order = scene.order(&mug).await;
    let payment = scene.set_aside(&order).await;
    scene.insist(&format!("{payment}/cancel"), json!({})).await;
    let cancel = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    scene.insist(&cancel, json!({})).await;

    let record = scene.shop.sandbox.record().await;
    let held = record.iter().map(|one| (&one["amountCaptured"], &one["amountRefunded"]));
    assert!(held.eq([(&json!(1990), &json!(990)), (&json!(0), &json!(0))]), "{record:?}");
    assert_eq!(scene.shop.count("SELECT count(*) FROM orders").await, 2);
    assert_eq!(scene.shop.count("SELECT count(*) FROM payments").await, 2);
    assert_eq!(scene.shop.count("SELECT available FROM stock").await, 4);
    assert_right(&scene.shop).await;
}

#[tokio::test]
async fn what_a_later_request_finishes_is_answered_as_the_first_would_have_been_ever_after() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_declined" });
    shop.sandbox.put_faults(json!({ "down": true })).await;
    let open = ada.pay("k", &body).await;
    assert_eq!(open.status, 202, "{}", open.text);
    shop.sandbox.put_faults(json!({})).await;
    shop.test.clock.advance(time::Duration::seconds(1));
    let finished = ada.pay("k", &body).await;
    assert_eq!(finished.status, 402, "{}", finished.text);
    assert_eq!(finished.json()["requestId"], open.header("x-request-id"));
    let again = ada.pay("k", &body).await;
    assert_eq!((again.status, &again.text), (finished.status, &finished.text));
    assert_right(&shop).await;
}
