//! Postgres goes away and comes back, or a table of it is locked: said at once, healed by itself, nothing lost.

use std::time::Duration;

use futures_util::FutureExt;
use scoped_futures::ScopedFutureExt;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use till::service::StoreError;
use till::service::pool::Pool;
use till::service::transact::transact;

use crate::api::pools::{over_a_pool, over_this_pool};
use crate::api::shop::Shop;
use crate::api::support::get;
use crate::processes::deployment::{count, stocked};
use crate::support::line::Line;
use crate::support::processes::Deployment;
use crate::support::rabbit::target;
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
async fn l2_while_postgres_is_away_nobody_waits_for_a_connection() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let options = shop.test.services.pool.connect_options().as_ref().clone();
    let line = Line::closed(target(options.to_url_lossy().as_str())).await;
    line.open().await;
    // Who waited would wait for as long as the test may take.
    let patient =
        PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(3_600));
    let over = patient.connect_with(options.port(line.address.port())).await.unwrap();
    let (_test, router) = over_this_pool(&shop, over).await;
    let ada = ada.at(&router);
    assert_eq!(ada.get("/v1/orders").await.status, 200);
    line.cut().await;
    for _ in 0..10 {
        ada.get("/v1/orders").await.problem(503, "dependency_unavailable");
    }
    line.open().await;
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while ada.get("/v1/orders").await.status != 200 {
        looks.tick().await;
    }
}

#[tokio::test]
async fn a_database_that_takes_no_more_connections_is_there_for_those_who_have_one() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let (test, router) = over_a_pool(&shop, 8, Duration::from_millis(300)).await;
    let ada = ada.at(&router);
    assert_eq!(ada.get("/v1/orders").await.status, 200);
    let name: String = sqlx::query_scalar("SELECT current_database()")
        .fetch_one(&*test.services.pool)
        .await
        .unwrap();
    let close = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    let elsewhere = shop.test.services.pool.connect_options().as_ref().clone().database("postgres");
    let mut admin = PgConnection::connect_with(&elsewhere).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(close)).execute(&mut admin).await.unwrap();
    let mut held = Vec::new();
    while let Ok(one) = test.services.pool.take().await {
        held.push(one);
    }
    assert!((1..8).contains(&held.len()));
    // There is no other one to be had, and the look that follows gets none either.
    for _ in 0..3 {
        assert!(test.services.pool.take().await.is_err());
    }
    drop(held);
    // One that is given back is there again a moment later; until then another one is asked for, in vain.
    let mut served = 0;
    while served < 5 {
        let answered = ada.get("/v1/orders").await;
        match answered.status.as_u16() {
            200 => served += 1,
            _ => drop(answered.problem(503, "dependency_unavailable")),
        }
    }
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
