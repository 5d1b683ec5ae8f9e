//! Bodies that no client of good will sends, to the router as it is shipped: refused by name, never a 500.

use axum::body::Body;
use axum::http::Request;

use super::shop::Shop;
use super::support::{Answered, send};

/// Creating an account needs no token, and whatever is wrong is found before anything is hashed.
async fn post(shop: &Shop, headers: &[(&str, &str)], body: impl Into<Body>) -> Answered {
    let mut request = Request::post("/v1/users");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(&shop.router, request.body(body.into()).unwrap()).await
}

async fn post_json(shop: &Shop, body: impl Into<Body>) -> Answered {
    post(shop, &[("content-type", "application/json")], body).await
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let shop = Shop::open().await;
    let deep = "[".repeat(20_000);
    let deep_objects = "{\"a\":".repeat(20_000);
    let closed = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let cases: [&[u8]; 16] = [
        b"",
        b"{",
        b"{} {}",
        b"{'name': 1}",
        b"NaN",
        b"{\"name\":NaN}",
        b"{\"name\":-Infinity}",
        b"{\"name\":01}",
        b"\xef\xbb\xbf{}",
        b"{\"name\":\"\xff\"}",
        br#"{"name":"\ud800"}"#,
        br#"{"name":"\udc00\ud800"}"#,
        br#"{"name":"a","name":"b"}"#,
        deep.as_bytes(),
        deep_objects.as_bytes(),
        closed.as_bytes(),
    ];
    for body in cases {
        let answered = post_json(&shop, body.to_vec()).await;
        let detail = answered.problem(400, "malformed_json")["detail"].clone();
        assert!(detail.as_str().unwrap().starts_with("The body is not JSON: "), "{detail}");
        assert!(!answered.text.contains("serde"), "{}", answered.text);
    }
}

#[tokio::test]
async fn nul_is_refused_where_it_stands() {
    let shop = Shop::open().await;
    let nul = r#"{"email":"a@example.com","password":"a long enough one","name":"A\u0000da"}"#;
    let problem = post_json(&shop, nul).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/name");
    assert_eq!(problem["errors"][0]["code"], "invalid_character");
    // A control character as it is was never JSON.
    post_json(&shop, "{\"name\":\"A\u{0}da\"}").await.problem(400, "malformed_json");
}

#[tokio::test]
async fn a_body_of_many_members_is_refused_by_their_number_and_a_large_one_by_its_size() {
    let shop = Shop::open().await;
    let members = |count: usize| {
        let members: Vec<_> = (0..count).map(|number| format!("\"k{number}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    let problem = post_json(&shop, members(20_000)).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "too_many_items");
    let problem = post_json(&shop, members(9_000)).await.problem(422, "unknown_field");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 50);
    assert_eq!(problem["detail"], "9000 fields are not known here.");
    post_json(&shop, members(1_000_000)).await.problem(413, "payload_too_large");
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(300 * 1024));
    let problem = post_json(&shop, large).await.problem(413, "payload_too_large");
    assert_eq!(problem["detail"], "The body may have at most 262144 bytes.");
}

#[tokio::test]
async fn what_is_not_declared_as_plain_json_is_not_read() {
    let shop = Shop::open().await;
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/+json", "json"]
    {
        let answered = post(&shop, &[("content-type", media_type)], "{}").await;
        answered.problem(415, "unsupported_media_type");
    }
    post(&shop, &[], "{}").await.problem(415, "unsupported_media_type");
    for coding in ["gzip", "br", "identity, gzip", "x"] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        let problem = post(&shop, &headers, "{}").await.problem(415, "unsupported_media_type");
        assert_eq!(problem["detail"], "Send the body uncompressed, without Content-Encoding.");
    }
    for accepted in
        ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
    {
        let answered = post(&shop, &[("content-type", accepted)], "{}").await;
        answered.problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn a_client_that_takes_no_json_is_told_before_anything_happens() {
    let shop = Shop::open().await;
    let headers = [("content-type", "application/json"), ("accept", "text/html")];
    let body = r#"{"email":"a@example.com","password":"a long enough one","name":"Ada"}"#;
    post(&shop, &headers, body).await.problem(406, "not_acceptable");
    assert_eq!(shop.count("SELECT count(*) FROM users").await, 0);
}
