//! A gateway that charges and then talks nonsense, or says nothing: what is certain is what it says when asked for our key.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::stream;
use serde_json::Value;
use till::config::BaseUrl;
use till::service::payments::reconcile_due;
use time::Duration;
use tokio::net::TcpListener;

use super::assert_right;
use crate::api::shop::{Shop, all_of};
use crate::api::support::router_with;

/// How the gateway answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Honest,
    /// It takes no call and never answers.
    Deaf,
    /// From here on it does what it is asked and hides that.
    Failing,
    Nonsense,
    Generous,
    Long,
    Elsewhere,
    Cut,
}

const LYING: [Manner; 6] = [
    Manner::Failing,
    Manner::Nonsense,
    Manner::Generous,
    Manner::Long,
    Manner::Elsewhere,
    Manner::Cut,
];

/// A long answer: 10 MiB.
const CHUNKS: usize = 160;
const CHUNK: usize = 64 * 1024;

/// Stands before the real gateway.
#[derive(Clone)]
struct Front {
    target: SocketAddr,
    http: reqwest::Client,
    manner: Arc<Mutex<Manner>>,
    /// Keys of all that was asked to be done.
    keys: Arc<Mutex<BTreeSet<String>>>,
    /// Chunks of long answers that were taken.
    taken: Arc<AtomicUsize>,
    /// Redirects that were followed.
    followed: Arc<AtomicUsize>,
}

impl Front {
    async fn before(target: SocketAddr) -> (Self, BaseUrl) {
        let front = Self {
            target,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            manner: Arc::new(Mutex::new(Manner::Honest)),
            keys: Arc::default(),
            taken: Arc::default(),
            followed: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = BaseUrl::of(listener.local_addr().unwrap());
        let router = Router::new().fallback(relay).with_state(front.clone());
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        (front, url)
    }

    fn be(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    async fn pass_on(&self, request: Request) -> (u16, Bytes) {
        let (head, body) = request.into_parts();
        let url = format!("http://{}{}", self.target, head.uri);
        let mut passed = self.http.request(head.method, url);
        for name in ["authorization", "idempotency-key", "content-type"] {
            if let Some(value) = head.headers.get(name) {
                passed = passed.header(name, value);
            }
        }
        let answer = passed.body(to_bytes(body, 1 << 20).await.unwrap()).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    }

    fn long(&self) -> Body {
        let taken = Arc::clone(&self.taken);
        let chunks = (0..CHUNKS).map(move |_| {
            taken.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Bytes::from(vec![b' '; CHUNK]))
        });
        Body::from_stream(stream::iter(chunks))
    }
}

async fn relay(State(front): State<Front>, request: Request) -> Response {
    if request.uri().path() == "/elsewhere" {
        front.followed.fetch_add(1, Ordering::Relaxed);
    }
    if let Some(key) = request.headers().get("idempotency-key") {
        front.keys.lock().unwrap().insert(key.to_str().unwrap().to_owned());
    }
    let manner = *front.manner.lock().unwrap();
    if manner == Manner::Deaf {
        return pending().await;
    }
    let (status, body) = front.pass_on(request).await;
    let answer = Response::builder();
    match manner {
        Manner::Honest | Manner::Deaf => answer.status(status).body(Body::from(body)),
        Manner::Failing => answer.status(500).body(Body::empty()),
        Manner::Nonsense => answer.status(201).body(Body::from("<html>It works!</html>")),
        Manner::Generous => {
            let mut charge: Value = serde_json::from_slice(&body).unwrap();
            charge["amountCaptured"] = 1_000_000.into();
            answer.status(status).body(Body::from(charge.to_string()))
        }
        Manner::Long => answer.status(201).body(front.long()),
        Manner::Elsewhere => {
            answer.status(307).header("location", "/elsewhere").body(Body::empty())
        }
        Manner::Cut => {
            let broken = [Err::<Bytes, _>(std::io::Error::other("cut"))];
            answer.status(201).body(Body::from_stream(stream::iter(broken)))
        }
    }
    .unwrap()
}

#[tokio::test]
async fn a_charge_whose_answer_is_nonsense_is_a_202_and_settled_by_a_look_up_with_our_key() {
    let mut shop = Shop::open().await;
    let (front, url) = Front::before(shop.sandbox.address).await;
    shop.payments = shop.test.payments(url);
    shop.router = router_with(&shop.test, shop.payments.clone());
    let ada = shop.customer("ada").await;
    for (number, manner) in LYING.into_iter().enumerate() {
        let product = shop.product(&format!("MUG-{number}"), 5).await;
        let order = ada.order(&product, 1).await;
        let (key, body) = (format!("k{number}"), all_of(&order, "pm_ok"));
        front.be(manner);
        let open = ada.pay(&key, &body).await;
        assert_eq!(open.status, 202, "{manner:?}: {}", open.text);
        assert_eq!(open.json()["status"], "processing", "{manner:?}");
        let payment = open.json()["id"].as_str().unwrap().to_owned();
        let charged = shop.sandbox.record().await;
        assert_eq!((charged.len(), &charged[number]["key"]), (number + 1, &payment.into()));

        front.be(Manner::Honest);
        shop.test.clock.advance(Duration::seconds(1));
        assert_eq!(reconcile_due(&shop.payments, 10).await.unwrap(), 1);
        let end = ada.pay(&key, &body).await;
        assert_eq!((end.status.as_u16(), &end.json()["status"]), (201, &"succeeded".into()));
        assert_eq!(end.json()["amountCaptured"], 1990, "{manner:?}");
    }
    let record = shop.sandbox.record().await;
    let charged: BTreeSet<String> =
        record.iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!((record.len(), &charged), (LYING.len(), &*front.keys.lock().unwrap()));
    assert_eq!(front.followed.load(Ordering::Relaxed), 0);
    let taken = front.taken.load(Ordering::Relaxed);
    assert!(taken > 0 && taken < CHUNKS, "{taken} of {CHUNKS} chunks were taken");
    assert_right(&shop).await;
}

#[tokio::test]
async fn a_charge_that_never_reached_the_gateway_is_tried_again_under_the_same_key() {
    let mut shop = Shop::open().await;
    let (front, url) = Front::before(shop.sandbox.address).await;
    shop.payments = shop.test.payments(url);
    shop.router = router_with(&shop.test, shop.payments.clone());
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    front.be(Manner::Deaf);
    let open = ada.pay("k", &all_of(&order, "pm_ok")).await;
    assert_eq!(open.status, 202, "{}", open.text);
    assert!(shop.sandbox.record().await.is_empty());

    front.be(Manner::Honest);
    shop.test.clock.advance(Duration::seconds(1));
    assert_eq!(reconcile_due(&shop.payments, 10).await.unwrap(), 1);
    let end = ada.pay("k", &all_of(&order, "pm_ok")).await;
    assert_eq!((end.status.as_u16(), &end.json()["id"]), (201, &open.json()["id"]));
    let payment = open.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.sandbox.record().await.len(), 1);
    assert_eq!(*front.keys.lock().unwrap(), BTreeSet::from([payment]));
    assert_right(&shop).await;
}
