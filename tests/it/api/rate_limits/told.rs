//! The header fields of every answer, and a refusal that can be relied on.

use axum::http::Request;
use till::config::RateLimits;

use super::{get_from, limited, rate, send_from};
use crate::api::support::get;

const ADA: &str = "192.0.2.1";

#[tokio::test]
async fn every_answer_tells_how_the_limits_stand_whatever_it_is() {
    let anonymous = rate("token_bucket:10/60s");
    let (_test, router) = limited(RateLimits { anonymous, ..RateLimits::default() }).await;
    let post = |path| Request::post(path).header("content-type", "text/plain");
    let answers = [
        (200, get_from(&router, ADA, "/v1/products").await),
        (401, get_from(&router, ADA, "/v1/orders").await),
        (404, get_from(&router, ADA, "/v1/nothing").await),
        (405, send_from(&router, ADA, Request::patch("/v1/categories"), "").await),
        (415, send_from(&router, ADA, post("/v1/auth/token"), "{}").await),
        (422, get_from(&router, ADA, "/v1/products?limit=0").await),
    ];
    for (nth, (status, answered)) in (1..).zip(answers) {
        assert_eq!(answered.status.as_u16(), status, "{}", answered.text);
        assert_eq!(answered.header("ratelimit-policy"), "\"anonymous\";q=10;w=60");
        let left = 10 - nth;
        let (taken, reset) = (nth * 6, 1_772_452_800 + nth * 6);
        assert_eq!(answered.header("ratelimit"), format!("\"anonymous\";r={left};t={taken}"));
        assert_eq!(answered.header("x-ratelimit-limit"), "10");
        assert_eq!(answered.header("x-ratelimit-remaining"), left.to_string());
        assert_eq!(answered.header("x-ratelimit-reset"), reset.to_string());
    }
}

#[tokio::test]
async fn who_waits_as_long_as_retry_after_says_gets_through_and_not_a_second_earlier() {
    for algorithm in
        ["token_bucket", "leaky_bucket", "fixed_window", "sliding_window", "sliding_window_counter"]
    {
        let anonymous = rate(&format!("{algorithm}:3/60s"));
        let (test, router) = limited(RateLimits { anonymous, ..RateLimits::default() }).await;
        for _ in 0..3 {
            assert_eq!(get_from(&router, ADA, "/v1/categories").await.status, 200);
        }
        let refused = get_from(&router, ADA, "/v1/categories").await;
        let body = refused.problem(429, "rate_limited");
        assert_eq!(body["detail"], "The policy \"anonymous\" is used up: 3 requests in 60 s.");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert_eq!(refused.header("ratelimit"), format!("\"anonymous\";r=0;t={wait}"));
        assert_eq!(refused.header("x-ratelimit-remaining"), "0");
        test.clock.advance(time::Duration::seconds(wait - 1));
        assert_eq!(get_from(&router, ADA, "/v1/categories").await.status, 429, "{algorithm}");
        test.clock.advance(time::Duration::seconds(1));
        assert_eq!(get_from(&router, ADA, "/v1/categories").await.status, 200, "{algorithm}");
    }
}

#[tokio::test]
async fn pages_documents_and_probes_are_under_no_limit() {
    let anonymous = rate("fixed_window:1/1d");
    let (_test, router) = limited(RateLimits { anonymous, ..RateLimits::default() }).await;
    for _ in 0..3 {
        for path in ["/docs", "/openapi/v1.json", "/swagger-ui/"] {
            let answered = get(&router, path).await;
            assert_eq!(answered.status, 200, "{path}");
            assert_eq!(answered.header("ratelimit"), "");
        }
    }
}

#[tokio::test]
async fn where_a_limit_is_off_nothing_is_told_of_it() {
    let (_test, router) = limited(RateLimits::default()).await;
    assert_eq!(get_from(&router, ADA, "/v1/categories").await.header("ratelimit-policy"), "");
}
