//! An API key is counted by itself: by its tier and by the day, wherever it is shown.

use axum::Router;
use axum::http::Request;
use serde_json::json;
use till::config::RateLimits;

use super::sign_in::{register, token};
use super::{get_from, limited, rate, send_from};
use crate::api::support::Answered;

const HOME: &str = "192.0.2.1";

fn rates() -> RateLimits {
    RateLimits {
        anonymous: rate("fixed_window:50/1d"),
        api_key_standard: rate("fixed_window:3/60s"),
        api_key_premium: rate("fixed_window:9/60s"),
        api_key_daily: rate("fixed_window:5/1d"),
        ..RateLimits::default()
    }
}

async fn make(router: &Router, token: &str) -> (String, String) {
    let wish = json!({ "name": "A program", "scopes": ["orders:read"] });
    let request = Request::post("/v1/api-keys")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let made = send_from(router, HOME, request, &wish.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

async fn call(router: &Router, address: &str, secret: &str) -> Answered {
    let request = Request::get("/v1/orders").header("x-api-key", secret);
    send_from(router, address, request, "").await
}

#[tokio::test]
async fn a_key_is_under_the_limit_of_its_tier_and_of_the_day_and_a_refusal_costs_neither() {
    let (test, router) = limited(rates()).await;
    register(&router, HOME, "ada").await;
    let (_, secret) = make(&router, &token(&router, HOME, "ada").await).await;
    let first = call(&router, HOME, &secret).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let policies = "\"api-key-standard\";q=3;w=60, \"api-key-daily\";q=5;w=86400";
    assert_eq!(first.header("ratelimit-policy"), policies);
    for _ in 0..2 {
        assert_eq!(call(&router, "192.0.2.7", &secret).await.status, 200);
    }
    for _ in 0..4 {
        let refused = call(&router, HOME, &secret).await;
        refused.problem(429, "rate_limited");
        assert!(refused.header("ratelimit").contains("\"api-key-daily\";r=2;"), "{refused:?}");
    }
    test.clock.advance(time::Duration::MINUTE);
    for expected in [200, 200, 429] {
        assert_eq!(call(&router, HOME, &secret).await.status, expected);
    }
}

#[tokio::test]
async fn two_keys_of_one_owner_are_two_and_a_person_is_a_third() {
    let (_test, router) = limited(RateLimits { user: rate("fixed_window:9/1d"), ..rates() }).await;
    register(&router, HOME, "ada").await;
    let token = token(&router, HOME, "ada").await;
    let (one, other) = (make(&router, &token).await.1, make(&router, &token).await.1);
    for _ in 0..3 {
        assert_eq!(call(&router, HOME, &one).await.status, 200);
    }
    assert_eq!(call(&router, HOME, &one).await.status, 429);
    assert_eq!(call(&router, HOME, &other).await.status, 200);
    let me = Request::get("/v1/users/me").header("authorization", format!("Bearer {token}"));
    let me = send_from(&router, HOME, me, "").await;
    assert_eq!(me.header("ratelimit"), "\"user\";r=6;t=43200");
}

#[tokio::test]
async fn a_key_that_was_promoted_is_counted_as_premium_from_its_next_use_on() {
    let (test, router) = limited(rates()).await;
    register(&router, HOME, "ada").await;
    let (_, secret) = make(&router, &token(&router, HOME, "ada").await).await;
    assert_eq!(call(&router, HOME, &secret).await.status, 200);
    let promote = sqlx::query("UPDATE api_keys SET tier = 'premium'");
    promote.execute(&*test.services.pool).await.unwrap();
    assert_eq!(call(&router, HOME, &secret).await.status, 200);
    let limits = Request::get("/v1/rate-limits").header("x-api-key", &secret);
    let limits = send_from(&router, HOME, limits, "").await.json();
    assert_eq!(limits["data"][0]["policy"], "api-key-premium");
    assert_eq!(limits["data"][0]["remaining"], 8);
    assert_eq!(limits["data"][1]["policy"], "api-key-daily");
    assert_eq!(limits["data"][1]["remaining"], 2);
}

#[tokio::test]
async fn what_is_no_key_or_none_any_more_counts_for_the_address() {
    let (test, router) = limited(rates()).await;
    register(&router, HOME, "ada").await;
    let (_, secret) = make(&router, &token(&router, HOME, "ada").await).await;
    assert_eq!(call(&router, HOME, &secret).await.status, 200);
    sqlx::query("DELETE FROM api_keys").execute(&*test.services.pool).await.unwrap();
    // Known to be gone once it was looked up.
    call(&router, HOME, &secret).await.problem(401, "token_invalid");
    let before = get_from(&router, "192.0.2.9", "/v1/categories").await;
    assert_eq!(before.header("x-ratelimit-remaining"), "49");
    call(&router, "192.0.2.9", &secret).await.problem(401, "token_invalid");
    call(&router, "192.0.2.9", "till_guess").await.problem(401, "token_invalid");
    let after = get_from(&router, "192.0.2.9", "/v1/categories").await;
    assert_eq!(after.header("x-ratelimit-remaining"), "46");
}

#[tokio::test]
async fn a_key_that_is_beyond_its_limit_costs_the_database_nothing() {
    let (test, router) = limited(rates()).await;
    register(&router, HOME, "ada").await;
    let (_, secret) = make(&router, &token(&router, HOME, "ada").await).await;
    for _ in 0..3 {
        assert_eq!(call(&router, HOME, &secret).await.status, 200);
    }
    test.services.pool.close().await;
    call(&router, HOME, &secret).await.problem(429, "rate_limited");
    call(&router, HOME, "till_guess").await.problem(401, "token_invalid");
}
