//! Under strain: what is refused first and what last, what a refusal leaves behind, and who takes no place while they wait.

use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use futures_util::future::join_all;
use futures_util::{FutureExt, poll, stream};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use till::api::middleware::EdgeSettings;
use till::config::LoadShed;
use till::domain::product::Product;
use till::ops::{Health, Readiness, probe_routes};
use till::service::orders::Gatherer;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::shop::{Actor, Shop, all_of};
use super::support::{Answered, get, router_in, send};
use crate::support::directory::{PATIENCE, eventually};

/// Of five places low may take two, normal three, orders four, and what goes on with one all.
const FIVE: LoadShed = LoadShed { least: 5, most: 5, hangs_after: Duration::from_secs(3_600) };

struct Strain {
    shop: Shop,
    /// The shop's API with five places.
    router: Router,
    ada: Actor,
    mug: Product,
}

type Held = Pin<Box<dyn Future<Output = Answered> + Send>>;

impl Strain {
    async fn new() -> Self {
        Self::of(FIVE).await
    }

    async fn of(load_shed: LoadShed) -> Self {
        let mut shop = Shop::open().await;
        // Who is placed with others keeps their place until all are, whether or not they are still there.
        shop.test.services.gatherer = Gatherer::new(1);
        let edge = EdgeSettings::default().shedding(Some(load_shed));
        let readiness = Readiness::default();
        readiness.ready();
        let probes = probe_routes(Health::new(readiness, Vec::new()));
        let router = router_in(&shop.test, shop.payments.clone(), edge, probes);
        let ada = shop.customer("ada").await.at(&router);
        let mug = shop.product("MUG", 100).await;
        Self { shop, router, ada, mug }
    }

    /// Until it is rolled back nobody reads a product.
    async fn lock_products(&self) -> Transaction<'static, Postgres> {
        let mut held = self.shop.test.services.pool.begin().await.unwrap();
        sqlx::query("LOCK TABLE products").execute(&mut *held).await.unwrap();
        held
    }

    fn list_products(&self) -> Held {
        let router = self.router.clone();
        Box::pin(async move { get(&router, "/v1/products").await })
    }

    fn place_order(&self, key: &'static str) -> Held {
        let (ada, id) = (self.ada.clone(), self.mug.id.to_string());
        let order = json!({ "items": [{ "productId": id, "quantity": 1 }] });
        Box::pin(async move { ada.post("/v1/orders", key, &order).await })
    }

    /// A page of the low class.
    async fn low(&self) -> Answered {
        get(&self.router, "/docs").await
    }
}

/// Lets it go as far as it comes at once: into its place, or into the queue.
async fn begin(request: &mut Held) {
    let polled = poll!(request).map(|answered| (answered.status, answered.text));
    assert!(polled.is_pending(), "{polled:?}");
}

fn assert_refused(answered: &Answered) {
    answered.problem(503, "overloaded");
    assert!(["1", "2", "3"].contains(&answered.header("retry-after")));
    assert_eq!(answered.header("cache-control"), "no-store");
}

#[tokio::test]
async fn l4_under_strain_low_is_refused_first_then_normal_then_checkout_and_probes_never() {
    let strain = Strain::new().await;
    let held = strain.lock_products().await;
    let mut working = Vec::new();
    for _ in 0..2 {
        let mut read = strain.list_products();
        begin(&mut read).await;
        working.push(read);
    }
    assert_refused(&strain.low().await);

    let mut read = strain.list_products();
    begin(&mut read).await;
    working.push(read);
    assert_refused(&strain.list_products().await);

    let mut order = strain.place_order("last");
    begin(&mut order).await;
    working.push(order);
    assert_refused(&strain.place_order("too late").await);

    assert_eq!(get(&strain.router, "/livez").await.status, 200);
    assert_eq!(get(&strain.router, "/readyz").await.status, 200);

    held.rollback().await.unwrap();
    let answers = join_all(working).await;
    let statuses: Vec<u16> = answers.iter().map(|answered| answered.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 201]);
    // As before.
    assert_eq!(strain.low().await.status, 200);
    assert_eq!(strain.list_products().await.status, 200);
}

#[tokio::test]
async fn l4_a_checkout_that_finds_no_place_waits_for_one_before_a_read_that_came_earlier() {
    let strain = Strain::new().await;
    let held = strain.lock_products().await;
    let mut working: Vec<_> = ["a", "b", "c", "d"].map(|key| strain.place_order(key)).into();
    for order in &mut working {
        begin(order).await;
    }
    let (mut read, mut order) = (strain.list_products(), strain.place_order("e"));
    begin(&mut read).await;
    begin(&mut order).await;
    // One client goes away: their place is the order's, and the read still waits.
    drop(working.pop());
    begin(&mut order).await;
    begin(&mut read).await;
    assert_refused(&read.await);
    held.rollback().await.unwrap();
    assert_eq!(order.await.status, 201);
    for answered in join_all(working).await {
        assert_eq!(answered.status, 201, "{}", answered.text);
    }
}

#[tokio::test]
async fn l4_a_refused_order_changes_nothing_and_its_key_is_as_new() {
    let strain = Strain::new().await;
    let held = strain.lock_products().await;
    let mut working: Vec<_> = ["a", "b", "c", "d"].map(|key| strain.place_order(key)).into();
    for order in &mut working {
        begin(order).await;
    }
    assert_refused(&strain.place_order("refused").await);
    drop(working);
    held.rollback().await.unwrap();
    let keys = "SELECT count(*) FROM idempotency_keys WHERE key = 'refused'";
    assert_eq!(strain.shop.count(keys).await, 0);

    let placed = strain.place_order("refused").await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    assert_eq!(placed.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn l4_clients_that_go_away_give_their_places_back() {
    let strain = Strain::new().await;
    let held = strain.lock_products().await;
    for _ in 0..10 {
        let mut working: Vec<_> = ["a", "b", "c", "d"].map(|key| strain.place_order(key)).into();
        for order in &mut working {
            begin(order).await;
        }
        assert_refused(&strain.low().await);
        drop(working);
        let low = strain.low().await;
        assert_eq!(low.status, 200, "{}", low.text);
    }
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn l4_refused_clients_are_not_all_told_to_come_back_at_once() {
    let strain = Strain::new().await;
    let held = strain.lock_products().await;
    let mut working: Vec<_> = ["a", "b"].map(|key| strain.place_order(key)).into();
    for order in &mut working {
        begin(order).await;
    }
    let refused = join_all((0..50).map(|_| strain.low())).await;
    refused.iter().for_each(assert_refused);
    let mut waits: Vec<_> = refused.iter().map(|refused| refused.header("retry-after")).collect();
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 1, "{waits:?}");
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn l2_orders_that_hang_behind_a_lock_leave_their_places_to_others_and_more_of_them_are_refused()
 {
    let strain = Strain::of(LoadShed { hangs_after: Duration::from_millis(1), ..FIVE }).await;
    let held = strain.lock_products().await;
    let mut orders = Vec::new();
    for key in ["a", "b", "c", "d"] {
        let mut order = strain.place_order(key);
        begin(&mut order).await;
        orders.push(tokio::spawn(order));
    }
    // Others go on, and the next order is told so at once, while the four wait.
    let others = async { while strain.low().await.status != 200 {} };
    assert!(timeout(PATIENCE, others).await.is_ok(), "they hold their places");
    let refused = || strain.place_order("late").now_or_never().is_some();
    eventually("the next order is refused", refused).await;
    assert_refused(&strain.place_order("late").await);
    assert_eq!(strain.ada.get("/v1/users/me").await.status, 200);
    assert!(orders.iter().all(|order| !order.is_finished()));
    held.rollback().await.unwrap();
    for placed in join_all(orders).await {
        assert_eq!(placed.unwrap().status, 201);
    }
    assert_eq!(strain.place_order("next").await.status, 201);
}

#[tokio::test]
async fn l5_bodies_that_do_not_come_hold_no_place() {
    let strain = Strain::new().await;
    let mut slow = JoinSet::new();
    for _ in 0..15 {
        let (asked, is_asked) = oneshot::channel();
        let mut asked = Some(asked);
        let never = stream::poll_fn(move |_| {
            asked.take().map(|asked| asked.send(()));
            Poll::<Option<Result<Bytes, io::Error>>>::Pending
        });
        let request = Request::post("/v1/orders")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", strain.ada.token))
            .header("idempotency-key", "slow")
            .body(Body::from_stream(never))
            .unwrap();
        let router = strain.router.clone();
        slow.spawn(async move { send(&router, request).await });
        is_asked.await.unwrap();
    }
    // Three times as many wait for their bodies as there are places, and the lowest is let in.
    assert_eq!(strain.low().await.status, 200);
    assert_eq!(strain.place_order("prompt").await.status, 201);
}

#[tokio::test]
async fn l11_payments_that_wait_for_a_slow_gateway_hold_no_place() {
    let strain = Strain::new().await;
    let mut bodies: Vec<Value> = Vec::new();
    for key in ["a", "b", "c", "d", "e", "f"] {
        let order = strain.place_order(key).await;
        assert_eq!(order.status, 201, "{}", order.text);
        bodies.push(all_of(&order.json(), "pm_timeout"));
    }
    let mut paying = Vec::new();
    for (number, body) in bodies.into_iter().enumerate() {
        let ada = strain.ada.clone();
        let paid = tokio::spawn(async move { ada.pay(&format!("p{number}"), &body).await });
        // Until it is at the gateway.
        while strain.shop.sandbox.record().await.len() <= number {
            assert!(!paid.is_finished(), "it was refused");
        }
        paying.push(paid);
    }
    // More of them wait than there are places, and the lowest is let in.
    assert_eq!(strain.low().await.status, 200);
    assert_eq!(strain.list_products().await.status, 200);
    for paid in paying {
        assert_eq!(paid.await.unwrap().status, 202);
    }
}
