//! Few connections and many who want one: a bounded wait, an answer that says when to come back, and never a standstill.

use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use till::config::BaseUrl;
use till::service::Services;

use super::document::operations;
use super::shop::{Actor, Shop};
use super::support::router_with;
use crate::support::TestServices;

/// The same shop over a pool of its own: so many connections, and so long a wait for one and for a lock.
pub async fn over_a_pool(shop: &Shop, connections: u32, wait: Duration) -> (TestServices, Router) {
    let lock_timeout = format!("{}ms", wait.as_millis());
    over_a_pool_with(shop, connections, wait, &[("lock_timeout", lock_timeout.as_str())]).await
}

/// With these options of its sessions.
pub async fn over_a_pool_with(
    shop: &Shop,
    connections: u32,
    wait: Duration,
    session: &[(&str, &str)],
) -> (TestServices, Router) {
    let options = shop.test.services.pool.connect_options().as_ref().clone();
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(wait)
        .connect_with(options.options(session.iter().copied()))
        .await
        .unwrap();
    over_this_pool(shop, pool).await
}

/// The same shop over this pool.
pub async fn over_this_pool(shop: &Shop, pool: PgPool) -> (TestServices, Router) {
    let twin = shop.test.twin().await;
    let services = Services { pool: pool.into(), ..twin.services.clone() };
    let test = TestServices { services, ..twin };
    let payments = test.payments(BaseUrl::of(shop.sandbox.address));
    let router = router_with(&test, payments);
    (test, router)
}

#[tokio::test]
async fn l3_no_operation_needs_a_second_connection_while_it_holds_one() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let (_test, router) = over_a_pool(&shop, 1, Duration::from_secs(20)).await;
    let admin = admin.at(&router);
    for operation in operations() {
        let answered =
            operation.send(&admin, &operation.example_path(), "k", &operation.example_body()).await;
        assert_ne!(answered.status, 503, "{}: {}", operation.name(), answered.text);
    }
}

#[tokio::test]
async fn l3_of_twenty_times_as_many_clients_as_connections_none_hangs_and_all_are_served_afterwards()
 {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let product = shop.product("TEA-1", 100).await;
    let (_test, router) = over_a_pool(&shop, 2, Duration::from_millis(200)).await;
    let ada = ada.at(&router);
    let mut blocker = shop.test.services.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE stock").execute(&mut *blocker).await.unwrap();
    let order = json!({ "items": [{ "productId": product.id.to_string(), "quantity": 1 }] });
    let place =
        async |ada: &Actor, nth: usize| ada.post("/v1/orders", &nth.to_string(), &order).await;
    for answered in join_all((0..40).map(|nth| place(&ada, nth))).await {
        answered.problem(503, "dependency_unavailable");
        assert_eq!(answered.header("retry-after"), "1");
    }
    blocker.rollback().await.unwrap();
    for nth in 0..40 {
        assert_eq!(place(&ada, nth).await.status, 201);
    }
    assert_eq!(shop.count("SELECT count(*) FROM orders").await, 40);
    assert_eq!(shop.count("SELECT available FROM stock").await, 60);
}
