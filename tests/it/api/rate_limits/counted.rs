//! Whom a request counts for: its address, or the user whose token it brings.

use axum::http::Request;
use serde_json::json;
use till::config::RateLimits;

use super::{get_from, limited, rate, send_from};
use crate::api::rate_limits::sign_in::{register, token};

const HOME: &str = "192.0.2.1";
const PROXY: &str = "10.1.2.3";

fn three(anonymous: &str) -> RateLimits {
    RateLimits { anonymous: rate(anonymous), ..RateLimits::default() }
}

#[tokio::test]
async fn addresses_are_counted_apart_and_one_ipv6_network_as_one() {
    let (_test, router) = limited(three("fixed_window:1/1d")).await;
    let status = async |address| get_from(&router, address, "/v1/categories").await.status;
    assert_eq!(status(HOME).await, 200);
    assert_eq!(status(HOME).await, 429);
    assert_eq!(status("192.0.2.2").await, 200);
    assert_eq!(status("2001:db8:0:1::1").await, 200);
    assert_eq!(status("2001:db8:0:1:ffff::2").await, 429);
    assert_eq!(status("2001:db8:0:2::1").await, 200);
}

#[tokio::test]
async fn a9_an_address_is_what_a_trusted_proxy_says_and_nobody_else() {
    let (_test, router) = limited(three("fixed_window:1/1d")).await;
    let status = async |peer, claimed| {
        let request = Request::get("/v1/categories").header("x-forwarded-for", claimed);
        send_from(&router, peer, request, "").await.status
    };
    assert_eq!(status(HOME, "198.51.100.1").await, 200);
    assert_eq!(status(HOME, "198.51.100.2").await, 429);
    assert_eq!(status(PROXY, "198.51.100.3").await, 200);
    assert_eq!(status(PROXY, "203.0.113.1, 198.51.100.3").await, 429);
    assert_eq!(status(PROXY, "198.51.100.4").await, 200);
}

#[tokio::test]
async fn a_user_is_counted_wherever_they_call_from_and_not_for_their_address() {
    let user = rate("fixed_window:2/1d");
    let (_test, router) = limited(RateLimits { user, ..three("fixed_window:5/1d") }).await;
    for name in ["ada", "bob"] {
        register(&router, "192.0.2.9", name).await;
    }
    let (ada, bob) =
        (token(&router, "192.0.2.9", "ada").await, token(&router, "192.0.2.9", "bob").await);
    let me = async |address, token: &str| {
        let request =
            Request::get("/v1/users/me").header("authorization", format!("Bearer {token}"));
        send_from(&router, address, request, "").await
    };
    assert_eq!(me(HOME, &ada).await.status, 200);
    assert_eq!(me("192.0.2.77", &ada).await.status, 200);
    assert_eq!(me(HOME, &ada).await.status, 429);
    assert_eq!(me(HOME, &bob).await.header("ratelimit"), "\"user\";r=1;t=43200");
    // Neither was counted for the address.
    let left = get_from(&router, HOME, "/v1/categories").await;
    assert_eq!(left.header("x-ratelimit-remaining"), "4");
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_counts_for_the_address_like_no_token() {
    let user = rate("fixed_window:100/1d");
    let (_test, router) = limited(RateLimits { user, ..three("fixed_window:2/1d") }).await;
    let guess = async |token: &str, path: &str| {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        send_from(&router, HOME, request, "").await.status
    };
    assert_eq!(guess("guess", "/v1/orders").await, 401);
    assert_eq!(guess("another", "/v1/categories").await, 200);
    assert_eq!(guess("third", "/v1/orders").await, 429);
    assert_eq!(guess("fourth", "/v1/categories").await, 429);
}

#[tokio::test]
async fn administrators_have_a_limit_of_their_own() {
    let (user, admin) = (rate("fixed_window:1/1d"), rate("fixed_window:7/1d"));
    let (test, router) = limited(RateLimits { user, admin, ..RateLimits::default() }).await;
    register(&router, HOME, "root").await;
    let promote = sqlx::query("UPDATE users SET role = 'admin'");
    promote.execute(&*test.services.pool).await.unwrap();
    let token = token(&router, HOME, "root").await;
    let request = Request::get("/v1/users/me").header("authorization", format!("Bearer {token}"));
    let answered = send_from(&router, HOME, request, "").await;
    assert_eq!(answered.header("ratelimit-policy"), "\"admin\";q=7;w=86400");
}

#[tokio::test]
async fn reports_have_a_limit_beside_that_of_their_caller_and_a_refused_one_costs_neither() {
    let rates = RateLimits {
        user: rate("fixed_window:9/1d"),
        reports: rate("leaky_bucket:2/60s"),
        ..RateLimits::default()
    };
    let (test, router) = limited(rates).await;
    register(&router, HOME, "ada").await;
    let token = token(&router, HOME, "ada").await;
    let generate = async || {
        let request = Request::post("/v1/reports/generate")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let report = json!({ "kind": "orders", "format": "csv", "from": "2026-01-01T00:00:00Z",
            "to": "2026-02-01T00:00:00Z" });
        send_from(&router, HOME, request, &report.to_string()).await
    };
    let first = generate().await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(first.header("ratelimit-policy"), "\"user\";q=9;w=86400, \"reports\";q=2;w=60");
    assert_eq!(generate().await.status, 202);
    for _ in 0..3 {
        let refused = generate().await;
        refused.problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "30");
        assert!(refused.header("ratelimit").starts_with("\"user\";r=7;"));
    }
    test.clock.advance(time::Duration::seconds(30));
    assert_eq!(generate().await.status, 202);
}

#[tokio::test]
async fn a_refused_order_changes_nothing_and_its_key_is_as_good_as_new() {
    let (test, router) = limited(three("fixed_window:100/60s")).await;
    register(&router, HOME, "ada").await;
    let token = token(&router, HOME, "ada").await;
    let strict = RateLimits { user: rate("token_bucket:1/60s"), ..RateLimits::default() };
    let router = crate::api::support::router_under(&test, test.limits_of(strict));
    let keeper = crate::support::factories::customer(&test).await;
    let product = crate::support::factories::product(&test, "TEA-1", 5, keeper).await;
    let place = async || {
        let request = Request::post("/v1/orders")
            .header("authorization", format!("Bearer {token}"))
            .header("idempotency-key", "one")
            .header("content-type", "application/json");
        let order = json!({ "items": [{ "productId": product.id.to_string(), "quantity": 1 }] });
        send_from(&router, HOME, request, &order.to_string()).await
    };
    let request = Request::get("/v1/users/me").header("authorization", format!("Bearer {token}"));
    assert_eq!(send_from(&router, HOME, request, "").await.status, 200);
    place().await.problem(429, "rate_limited");
    test.clock.advance(time::Duration::seconds(60));
    let placed = place().await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    assert_eq!(placed.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn messages_of_the_gateway_are_under_no_limit() {
    let (_test, router) = limited(three("fixed_window:1/1d")).await;
    for _ in 0..3 {
        let request =
            Request::post("/v1/gateway/callbacks").header("content-type", "application/json");
        assert_eq!(send_from(&router, HOME, request, "{}").await.status, 401);
    }
}
