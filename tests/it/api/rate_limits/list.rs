//! `GET /v1/rate-limits`: everybody sees their own.

use axum::http::Request;
use serde_json::json;
use till::config::RateLimits;

use super::sign_in::{register, token};
use super::{get_from, limited, rate, send_from};
use crate::api::shop::PASSWORD;

fn rates() -> RateLimits {
    RateLimits {
        anonymous: rate("token_bucket:60/60s:burst=10"),
        user: rate("sliding_window_counter:100/60s"),
        admin: None,
        login: rate("sliding_window:5/60s"),
        reports: rate("leaky_bucket:20/10s"),
        api_key_standard: rate("token_bucket:30/60s"),
        api_key_premium: rate("token_bucket:90/60s"),
        api_key_daily: rate("fixed_window:500/1d"),
    }
}

#[tokio::test]
async fn without_a_token_it_shows_those_of_the_address_with_this_request_counted() {
    let (_test, router) = limited(rates()).await;
    let answered = get_from(&router, "192.0.2.1", "/v1/rate-limits").await;
    assert_eq!(answered.header("cache-control"), "private, no-store");
    assert_eq!(
        answered.json(),
        json!({ "data": [
            { "policy": "anonymous", "algorithm": "token_bucket", "limit": 60, "windowSeconds": 60,
              "burst": 10, "remaining": 9, "resetSeconds": 1 },
            { "policy": "login", "algorithm": "sliding_window", "limit": 5, "windowSeconds": 60,
              "burst": 5, "remaining": 5, "resetSeconds": 0 },
        ] })
    );
}

#[tokio::test]
async fn a3_a_token_that_is_no_good_is_refused() {
    let (_test, router) = limited(rates()).await;
    register(&router, "192.0.2.1", "ada").await;
    let token = token(&router, "192.0.2.1", "ada").await;
    let ask = async |token: &str| {
        let request =
            Request::get("/v1/rate-limits").header("authorization", format!("Bearer {token}"));
        send_from(&router, "192.0.2.1", request, "").await
    };
    ask("guess").await.problem(401, "token_invalid");
    assert_eq!(ask(&token).await.status, 200);
    let password = json!({ "currentPassword": PASSWORD, "password": "another long password" });
    let change = Request::patch("/v1/users/me")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let changed = send_from(&router, "192.0.2.1", change, &password.to_string()).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    ask(&token).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn with_a_token_it_shows_those_of_its_user_and_asking_takes_nothing_from_the_others() {
    let (_test, router) = limited(rates()).await;
    register(&router, "192.0.2.1", "ada").await;
    let token = token(&router, "192.0.2.1", "ada").await;
    for remaining in [99, 98] {
        let request =
            Request::get("/v1/rate-limits").header("authorization", format!("Bearer {token}"));
        let answered = send_from(&router, "192.0.2.1", request, "").await.json();
        assert_eq!(answered["data"][0]["policy"], "user");
        assert_eq!(answered["data"][0]["remaining"], remaining);
        assert_eq!(answered["data"][1]["policy"], "reports");
        assert_eq!(answered["data"][1]["remaining"], 20);
    }
}
