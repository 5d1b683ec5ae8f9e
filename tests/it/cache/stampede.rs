//! Many want the same thing at once: the database is asked once, and whoever can be answered does not wait.

use futures_util::future::join_all;
use futures_util::poll;
use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::{Postgres, Transaction};
use time::Duration;

use super::{Instance, waiting_queries};
use crate::api::shop::Shop;
use crate::api::support::get;
use crate::support::redis::SharedRedis;

const MANY: usize = 500;

/// Until it is dropped nobody reads a product from the database.
async fn lock_products(shop: &Shop) -> Transaction<'static, Postgres> {
    let mut lock = shop.test.services.pool.begin().await.unwrap();
    let statement = "LOCK TABLE products IN ACCESS EXCLUSIVE MODE";
    sqlx::query(statement).execute(&mut *lock).await.unwrap();
    lock
}

async fn queries_wait(shop: &Shop, expected: i64) {
    while waiting_queries(shop).await < expected {
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting_queries(shop).await, expected);
}

#[tokio::test]
async fn l10_five_hundred_requests_for_what_nobody_holds_make_one_query() {
    let (shop, redis) = (Shop::open().await, SharedRedis::reached().await);
    let recorder = PrometheusBuilder::new().build_recorder();
    let (counts, _here) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let instance = Instance::of(&shop, redis.tier()).await;
    let product = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let kinds = [
        ("products", product.as_str()),
        ("lists", "/v1/products"),
        ("categories", "/v1/categories"),
    ];
    for (kind, path) in kinds {
        let lock = lock_products(&shop).await;
        let ask = |_| Box::pin(get(&instance.router, path));
        let mut waiting: Vec<_> = (0..MANY).map(ask).collect();
        for request in &mut waiting {
            assert!(poll!(request).is_pending());
        }
        queries_wait(&shop, 1).await;
        lock.rollback().await.unwrap();
        for answered in join_all(waiting).await {
            assert_eq!(answered.status, 200, "{path}: {}", answered.text);
        }
        // Nor was there another one later.
        let loads = format!("cache_loads_total{{cache=\"{kind}\",outcome=\"loaded\"}} ");
        let metrics = counts.render();
        let counted: Vec<_> =
            metrics.lines().filter_map(|line| line.strip_prefix(&loads)).collect();
        assert_eq!(counted, ["1"], "{metrics}");
    }
}

#[tokio::test]
async fn l10_one_hot_key_expires_under_500_requests_and_one_query_is_made_while_nobody_waits() {
    let (shop, redis) = (Shop::open().await, SharedRedis::reached().await);
    let instance = Instance::of(&shop, redis.tier()).await;
    let product = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    for path in [product.as_str(), "/v1/products", "/v1/categories"] {
        let before = get(&instance.router, path).await;
        shop.test.clock.advance(Duration::seconds(61));
        let lock = lock_products(&shop).await;
        // No query ends: whoever is answered did not wait for one.
        for answered in join_all((0..MANY).map(|_| get(&instance.router, path))).await {
            assert_eq!((answered.status.as_u16(), &answered.text), (200, &before.text), "{path}");
        }
        queries_wait(&shop, 1).await;
        lock.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_once() {
    let shop = Shop::open().await;
    let nobody = "/v1/products/01890a5d-ac96-774b-bcce-b302099a9001";
    get(&shop.router, nobody).await.problem(404, "not_found");
    let lock = lock_products(&shop).await;
    get(&shop.router, nobody).await.problem(404, "not_found");
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn l2_a_flood_of_searches_takes_no_place_from_products_and_makes_no_outage() {
    let (shop, redis) = (Shop::open().await, SharedRedis::reached().await);
    let instance = Instance::of(&shop, redis.tier()).await;
    let product = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let lock = lock_products(&shop).await;
    let search = |number: u32| {
        let router = instance.router.clone();
        Box::pin(async move { get(&router, &format!("/v1/products?q=flood{number}")).await })
    };
    let mut flood: Vec<_> = (0..50).map(search).collect();
    for request in &mut flood {
        assert!(poll!(request).is_pending());
    }
    queries_wait(&shop, 2).await;
    let mut one = Box::pin(get(&instance.router, &product));
    assert!(poll!(&mut one).is_pending());
    queries_wait(&shop, 3).await;
    for _ in 0..10 {
        let (refused, _, others) = futures_util::future::select_all(flood).await;
        refused.problem(503, "overloaded");
        flood = others;
    }
    lock.rollback().await.unwrap();
    assert_eq!(one.await.status, 200);
    // The database never failed, so nobody is told that it does.
    assert_eq!(get(&instance.router, "/v1/products?q=mug").await.status, 200);
}

#[tokio::test]
async fn l2_a_locked_table_holds_up_some_of_the_connections_and_the_others_work() {
    let (shop, redis) = (Shop::open().await, SharedRedis::reached().await);
    let ada = shop.customer("ada").await;
    let instance = Instance::of(&shop, redis.tier()).await;
    let ada = ada.at(&instance.router);
    let lock = lock_products(&shop).await;
    let ask = |number: u32| {
        let id = uuid::Uuid::from_u128(u128::from(number) + 1);
        let router = instance.router.clone();
        Box::pin(async move { get(&router, &format!("/v1/products/{id}")).await })
    };
    let mut waiting: Vec<_> = (0..100).map(ask).collect();
    for request in &mut waiting {
        assert!(poll!(request).is_pending());
    }
    queries_wait(&shop, 5).await;
    assert_eq!(ada.get("/v1/users/me").await.status, 200);
    assert_eq!(waiting_queries(&shop).await, 5);
    // Who found no place in time is told to come back.
    let first = futures_util::future::select_all(waiting).await;
    first.0.problem(503, "overloaded");
    assert_eq!(first.0.header("retry-after"), "1");
    lock.rollback().await.unwrap();
}
