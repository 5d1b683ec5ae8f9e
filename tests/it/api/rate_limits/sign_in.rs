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
async fn a8_a_stranger_can_not_lock_the_owner_out_of_where_they_sign_in() {
    let (test, router) = limited(strict()).await;
    let (home, elsewhere) = ("198.51.100.1", "198.51.100.2");
    register(&router, home, "ada").await;
    token(&router, home, "ada").await;
    test.clock.advance(time::Duration::minutes(5));
    for n in 0..5 {
        sign_in(&router, &format!("192.0.2.{n}"), "ada", "wrong").await;
    }
    sign_in(&router, "192.0.2.100", "ada", PASSWORD).await.problem(429, "rate_limited");
    sign_in(&router, elsewhere, "ada", PASSWORD).await.problem(429, "rate_limited");
    // From there it is still no more than three a minute.
    for status in [200, 401, 401, 429] {
        let password = if status == 200 { PASSWORD } else { "wrong" };
        assert_eq!(sign_in(&router, home, "ada", password).await.status, status);
    }
}

#[tokio::test]
async fn a8_where_the_owner_goes_on_signing_in_they_are_known_a_day_after_the_last_time() {
    let (test, router) = limited(strict()).await;
    let home = "198.51.100.1";
    register(&router, home, "ada").await;
    for _ in 0..2 {
        token(&router, home, "ada").await;
        test.clock.advance(time::Duration::hours(13));
    }
    for n in 0..5 {
        sign_in(&router, &format!("192.0.2.{n}"), "ada", "wrong").await;
    }
    assert_eq!(sign_in(&router, home, "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a8_a_token_gives_no_more_tries_at_passwords() {
    let rates = RateLimits { user: rate("fixed_window:100/1d"), ..strict() };
    let (_test, router) = limited(rates).await;
    register(&router, "192.0.2.1", "eve").await;
    let token = token(&router, "192.0.2.1", "eve").await;
    let guess = async |name: &str| {
        let request = Request::post("/v1/auth/token")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let credentials = json!({ "email": format!("{name}@example.com"), "password": "wrong" });
        send_from(&router, "192.0.2.1", request, &credentials.to_string()).await.status
    };
    assert_eq!(guess("ada").await, 401);
    assert_eq!(guess("bob").await, 429);
}

#[tokio::test]
async fn tries_at_ones_own_password_are_limited_too() {
    let rates = RateLimits { user: rate("fixed_window:100/1d"), ..strict() };
    let (_test, router) = limited(rates).await;
    register(&router, "192.0.2.1", "ada").await;
    let token = token(&router, "192.0.2.1", "ada").await;
    let change = async |body: serde_json::Value| {
        let request = Request::patch("/v1/users/me")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        send_from(&router, "192.0.2.2", request, &body.to_string()).await.status
    };
    let guess = json!({ "currentPassword": "a wrong one at that", "password": "another long one" });
    for status in [422, 422, 422, 429] {
        assert_eq!(change(guess.clone()).await, status);
    }
    assert_eq!(change(json!({ "name": "Ada" })).await, 200);
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

#[tokio::test]
async fn a8_resets_are_limited_by_address_and_by_account_and_keep_nobody_from_signing_in() {
    let (_test, router) = limited(strict()).await;
    register(&router, "192.0.2.200", "ada").await;
    let forget = async |address: String, name: &str| {
        let who = json!({ "email": format!("{name}@example.com") });
        post(&router, &address, "/v1/auth/password-reset", &who).await
    };
    for name in ["ada", "Ada", "bob"] {
        assert_eq!(forget("192.0.2.1".to_owned(), name).await.status, 202);
    }
    forget("192.0.2.1".to_owned(), "eve").await.problem(429, "rate_limited");
    assert_eq!(forget("192.0.2.2".to_owned(), "ada").await.status, 202);
    // One that nobody has is limited just the same.
    for name in ["ada", "bob"] {
        for n in 0..3 {
            let answered = forget(format!("192.0.2.{}", 10 + n), name).await;
            assert!(matches!(answered.status.as_u16(), 202 | 429), "{}", answered.text);
        }
        let refused = forget("192.0.2.100".to_owned(), name).await;
        refused.problem(429, "rate_limited");
        assert!(refused.header("ratelimit-policy").contains("login-account"));
    }
    assert_eq!(sign_in(&router, "192.0.2.101", "ada", PASSWORD).await.status, 200);
}
