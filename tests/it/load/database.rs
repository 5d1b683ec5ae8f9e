//! Postgres goes away and comes back, or a table of it is locked: said at once, healed by itself, nothing lost.

use std::time::Duration;

use futures_util::FutureExt;
use scoped_futures::ScopedFutureExt;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use till::service::StoreError;
use till::service::pool::Pool;
use till::service::transact::transact;

use crate::api::pools::over_a_pool;
use crate::api::shop::Shop;
use crate::api::support::get;
use crate::processes::deployment::{count, stocked};
use crate::support::processes::Deployment;
use crate::support::services;

#[tokio::test]
async fn l2_while_postgres_is_away_it_is_said_and_afterwards_all_that_was_answered_is_there() {
    let shop = Deployment::up().await;
    let mut api = shop.api().await;
    api.ready().await;
    let token = api.customer("ada").await;
    let order = stocked(&shop, 100).await;
    let first = api.post_keyed("/v1/orders", &token, "first", &order).await.unwrap();
    assert_eq!(first.status(), 201);
    let first = first.text().await.unwrap();

    shop.postgres.cut().await;
    for key in ["second", "third"] {
        let refused = api.post_keyed("/v1/orders", &token, key, &order).await.unwrap();
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], "dependency_unavailable");
    }
    api.readiness(503).await;
    for (path, status) in [("/livez", 200), ("/readyz?for=traffic", 200), ("/readyz", 503)] {
        assert_eq!(api.get(path, "").await.unwrap().status(), status, "{path}");
    }

    shop.postgres.open().await;
    api.ready().await;
    let again = api.post_keyed("/v1/orders", &token, "first", &order).await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.text().await.unwrap(), first);
    let second = api.post_keyed("/v1/orders", &token, "second", &order).await.unwrap();
    assert_eq!(second.status(), 201);
    assert!(!second.headers().contains_key("idempotency-replayed"));
    assert_eq!(count(&shop, "SELECT count(*) FROM orders").await, 2);
}

#[tokio::test]
async fn l8_an_instance_of_the_release_before_works_on_a_database_that_was_migrated_further() {
    let shop = Deployment::up().await;
    sqlx::query("ALTER TABLE orders ADD COLUMN of_the_next_release text")
        .execute(&shop.pool)
        .await
        .unwrap();
    let applied =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'of the next release', true, '', 0)";
    sqlx::query(applied).execute(&shop.pool).await.unwrap();
    let mut api = shop.api().await;
    api.ready().await;
    let token = api.customer("ada").await;
    let order = stocked(&shop, 1).await;
    let placed = api.post_keyed("/v1/orders", &token, "k", &order).await.unwrap();
    assert_eq!(placed.status(), 201);
}

#[tokio::test]
async fn l9_a_panic_in_a_transaction_gives_its_connection_back() {
    let test = services().await;
    let options = test.services.pool.connect_options().as_ref().clone();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(20))
        .connect_with(options)
        .await
        .unwrap();
    let pool = Pool::from(pool);
    for _ in 0..3 {
        let panicking = transact::<(), StoreError, _>(&pool, |conn| {
            async move {
                sqlx::query("CREATE TABLE half_done ()").execute(&mut *conn).await?;
                unreachable!("a defect")
            }
            .scope_boxed()
        });
        assert!(std::panic::AssertUnwindSafe(panicking).catch_unwind().await.is_err());
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relname = 'half_done'")
        .fetch_one(&*pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn l2_a_locked_table_stops_what_needs_it_and_nothing_else() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let product = shop.product("TEA-1", 10).await;
    let (_test, router) = over_a_pool(&shop, 4, Duration::from_millis(300)).await;
    let here = ada.at(&router);
    let mut blocker = shop.test.services.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE stock").execute(&mut *blocker).await.unwrap();
    let order = json!({ "items": [{ "productId": product.id.to_string(), "quantity": 1 }] });
    here.post("/v1/orders", "k", &order).await.problem(503, "dependency_unavailable");
    for path in ["/v1/users/me", "/v1/orders", "/v1/payments", "/v1/events"] {
        assert_eq!(here.get(path).await.status, 200, "{path}");
    }
    assert_eq!(get(&router, "/v1/products").await.status, 200);
    blocker.rollback().await.unwrap();
    assert_eq!(here.post("/v1/orders", "k", &order).await.status, 201);
}
