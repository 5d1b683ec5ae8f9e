//! The database is gone: what was seen before is served, everything else says at once when to come back.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use axum::Router;
use sqlx::ConnectOptions;
use time::Duration;

use crate::api::products::{get_if_none_match, is_public};
use crate::api::shop::Shop;
use crate::api::support::{get, router_over};
use crate::support::line::Line;
use crate::support::rabbit::target;

/// A shop whose way to its database can be cut, before anything was read.
async fn shop_over_a_line() -> (Shop, Line, Router) {
    let mut shop = Shop::open().await;
    let (pool, options) =
        (shop.test.services.pool.clone(), shop.test.services.pool.connect_options());
    let line = Line::closed(target(options.to_url_lossy().as_str())).await;
    line.open().await;
    let over = Arc::unwrap_or_clone(options).port(line.address.port());
    let patience = pool.options().clone().acquire_timeout(StdDuration::from_millis(300));
    shop.test.services.pool = patience.connect_with(over).await.unwrap().into();
    let router = router_over(&shop.test);
    shop.router = router.clone();
    (shop, line, router)
}

#[tokio::test]
async fn l2_without_the_database_what_was_seen_is_served_and_the_rest_says_when_to_come_back() {
    let (shop, line, router) = shop_over_a_line().await;
    let product = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let bought_with = format!("{product}/recommendations");
    let seen =
        [product.as_str(), "/v1/products", "/v1/products?q=mug", "/v1/categories", &bought_with];
    shop.test.clock.advance(Duration::seconds(2));
    let mut before = Vec::new();
    for path in seen {
        before.push(get(&router, path).await);
    }
    line.cut().await;
    for minutes in [1, 10, 12 * 60] {
        shop.test.clock.advance(Duration::minutes(minutes));
        for (path, before) in seen.iter().zip(&before) {
            let answered = get(&router, path).await;
            assert_eq!((answered.status.as_u16(), &answered.text), (200, &before.text), "{path}");
            is_public(&answered);
            for name in ["etag", "last-modified", "content-type"] {
                assert_eq!(answered.header(name), before.header(name), "{path}");
            }
            let spared = get_if_none_match(&shop, path, before.header("etag")).await;
            assert_eq!((spared.status.as_u16(), spared.text.as_str()), (304, ""), "{path}");
        }
    }
    for unseen in ["/v1/products/01890a5d-ac96-774b-bcce-b302099a9001", "/v1/products?limit=7"] {
        for _ in 0..5 {
            let refused = get(&router, unseen).await;
            refused.problem(503, "dependency_unavailable");
            assert_eq!(refused.header("retry-after"), "1", "{unseen}");
            assert_eq!(refused.header("cache-control"), "no-store", "{unseen}");
        }
    }
    // What is never cached is not served either.
    get(&router, &format!("{product}/inventory")).await.problem(503, "dependency_unavailable");

    line.open().await;
    let mut looks = tokio::time::interval(StdDuration::from_millis(20));
    // The pool looks whether the database is back; until it has seen it the answer is the same.
    loop {
        shop.test.clock.advance(Duration::seconds(1));
        let answered = get(&router, "/v1/products/01890a5d-ac96-774b-bcce-b302099a9001").await;
        if answered.status != 503 {
            answered.problem(404, "not_found");
            break;
        }
        looks.tick().await;
    }
    for path in seen {
        assert_eq!(get(&router, path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn l2_a_change_that_failed_for_want_of_a_database_takes_nothing_away_from_readers() {
    let (shop, line, router) = shop_over_a_line().await;
    let product = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let before = get(&router, &product).await;
    line.cut().await;
    let id = before.json()["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    let expected = till::domain::version::ExpectedVersion::Any;
    let failed = till::service::products::archive(
        &shop.test.services,
        crate::support::author(),
        id.into(),
        expected,
    )
    .await;
    assert!(failed.is_err());
    let answered = get(&router, &product).await;
    assert_eq!((answered.status.as_u16(), &answered.text), (200, &before.text));
}
