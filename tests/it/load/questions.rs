//! Questions that are meant to cost: refused by their form, or ended by the time they take.

use std::time::Duration;

use crate::api::pools::over_a_pool_with;
use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn l13_questions_that_would_cost_much_are_bounded() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    shop.product("TEA-1", 10).await;
    for path in [
        "/v1/orders?limit=1e9",
        "/v1/orders?limit=1000000000",
        "/v1/orders?createdAfter=1026-01-01T00:00:00Z&limit=101",
        "/v1/products?q=%25",
        "/v1/products?limit=99999999999999999999",
    ] {
        let answered = ada.get(path).await;
        assert_eq!(answered.status, 422, "{path}: {}", answered.text);
    }
    // A hundred years are a question like any other: a page of it is a page.
    let century = "/v1/orders?createdAfter=1950-01-01T00:00:00Z&createdBefore=2050-01-01T00:00:00Z";
    assert_eq!(ada.get(century).await.status, 200);
    // Signs that mean something to LIKE mean nothing here.
    for (q, found) in [("%25%25", 0), ("__", 0), ("%25T%25", 0), ("ea", 1), ("%5C%5C", 0)] {
        let page = get(&shop.router, &format!("/v1/products?q={q}")).await;
        assert_eq!(page.json()["data"].as_array().unwrap().len(), found, "{q}");
    }
}

#[tokio::test]
async fn l13_a_statement_that_takes_too_long_is_ended() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let options = [("statement_timeout", "100ms")];
    let (_test, router) = over_a_pool_with(&shop, 2, Duration::from_secs(20), &options).await;
    let mut blocker = shop.test.services.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE orders").execute(&mut *blocker).await.unwrap();
    ada.at(&router).get("/v1/orders").await.problem(503, "dependency_unavailable");
    blocker.rollback().await.unwrap();
    assert_eq!(ada.at(&router).get("/v1/orders").await.status, 200);
}
