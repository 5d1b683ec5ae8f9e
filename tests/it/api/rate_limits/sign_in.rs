//! Signing in is limited by address and by account, whatever the password.

use axum::Router;
use axum::http::Request;
use serde_json::json;
use till::config::RateLimits;

use super::{limited, rate, send_from};
use crate::api::shop::PASSWORD;
use crate::api::support::Answered;

async fn post(router: &Router, address: &str, path: &str, body: &serde_json::Value) -> Answered {
    let request = Request::post(path).header("content-type", "application/json");
    send_from(router, address, request, &body.to_string()).await
}

pub(super) async fn register(router: &Router, address: &str, name: &str) {
    let email = format!("{name}@example.com");
    let account = json!({ "email": email, "password": PASSWORD, "name": name });
    let registered = post(router, address, "/v1/users", &account).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
}

async fn sign_in(router: &Router, address: &str, name: &str, password: &str) -> Answered {
    let credentials = json!({ "email": format!("{name}@example.com"), "password": password });
    post(router, address, "/v1/auth/token", &credentials).await
}

pub(super) async fn token(router: &Router, address: &str, name: &str) -> String {
    let answered = sign_in(router, address, name, PASSWORD).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    answered.json()["accessToken"].as_str().unwrap().to_owned()
}

fn strict() -> RateLimits {
    RateLimits { login: rate("sliding_window:3/60s"), ..RateLimits::default() }
}

#[tokio::test]
async fn a8_many_accounts_from_one_address_are_limited_by_the_address() {
    let (_test, router) = limited(strict()).await;
    for name in ["ada", "bob", "eve"] {
        assert_eq!(sign_in(&router, "192.0.2.1", name, "wrong").await.status, 401);
    }
    let refused = sign_in(&router, "192.0.2.1", "fay", "wrong").await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"login\";q=3;w=60");
    assert_eq!(sign_in(&router, "192.0.2.2", "fay", "wrong").await.status, 401);
}

#[tokio::test]
async fn a8_one_account_from_many_addresses_is_limited_by_the_account_however_it_is_written() {
    let (test, router) = limited(strict()).await;
    register(&router, "192.0.2.200", "ada").await;
    for (n, name) in ["ada", "Ada", "ADA"].into_iter().enumerate() {
        let address = format!("192.0.2.{n}");
        assert_eq!(sign_in(&router, &address, name, "wrong").await.status, 401);
    }
    let refused = sign_in(&router, "192.0.2.100", "ada", PASSWORD).await;
    refused.problem(429, "rate_limited");
    let policies = "\"login\";q=3;w=60, \"login-account\";q=3;w=60";
    assert_eq!(refused.header("ratelimit-policy"), policies);
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(sign_in(&router, "192.0.2.101", "bob", "wrong").await.status, 401);
    test.clock.advance(time::Duration::seconds(60));
    assert_eq!(sign_in(&router, "192.0.2.102", "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_account_that_is_none_is_limited_like_one_that_is() {
    let (_test, router) = limited(strict()).await;
    for n in 0..3 {
        let answered = sign_in(&router, &format!("192.0.2.{n}"), "nobody", "wrong").await;
        assert_eq!(answered.status, 401);
    }
    sign_in(&router, "192.0.2.9", "nobody", "wrong").await.problem(429, "rate_limited");
}

#[tokio::test]
async fn signing_up_and_renewing_count_for_the_address_too() {
    let (_test, router) = limited(strict()).await;
    register(&router, "192.0.2.1", "ada").await;
    let signed_in = sign_in(&router, "192.0.2.1", "ada", PASSWORD).await;
    let refresh = json!({ "refreshToken": signed_in.json()["refreshToken"] });
    assert_eq!(post(&router, "192.0.2.1", "/v1/auth/refresh", &refresh).await.status, 200);
    for path in ["/v1/auth/token", "/v1/auth/refresh", "/v1/users"] {
        post(&router, "192.0.2.1", path, &json!({})).await.problem(429, "rate_limited");
    }
}
