//! The layers around every request, over small routes that misbehave on purpose.

use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::Redirect;
use axum::routing::{get as on_get, post as on_post};
use till::api::middleware::{EdgeSettings, RequestId, Routes, wrap};
use till::domain::ambient::Ambient;
use till::telemetry::Metrics;

use super::support::{Answered, get, send, send_as_is};

fn edge() -> Router {
    edge_with(EdgeSettings::default())
}

fn edge_with(settings: EdgeSettings) -> Router {
    let routes = Router::new()
        .route("/v1/thing", on_get(async || "a thing"))
        .route("/v1/id", on_get(async |Extension(id): Extension<RequestId>| id.0.to_string()))
        .route("/v1/body", on_post(async |body: Bytes| body.len().to_string()))
        .route("/v1/panic", on_get(fall_over))
        .route("/v1/never", on_get(pending::<()>))
        .route("/v1/teapot", on_get(async || (StatusCode::IM_A_TEAPOT, "crate::secret::Type")))
        .route("/moved", on_get(async || Redirect::to("/v1/thing")));
    wrap(Routes::other(routes), None, settings, &Ambient::system())
}

#[expect(clippy::panic, reason = "it stands for a defect in a handler")]
async fn fall_over() {
    panic!("the password is hunter2");
}

async fn get_as(router: &Router, header: &str, value: &str) -> Answered {
    let request = Request::get("/v1/id").header(header, value).body(Body::empty()).unwrap();
    send(router, request).await
}

#[tokio::test]
async fn an_address_without_a_route_is_a_problem() {
    let body = get(&edge(), "/v1/nothing?here=1").await.problem(404, "not_found");
    assert_eq!(body["instance"], "/v1/nothing");
    assert_eq!(body["detail"], "There is nothing at this address.");
}

#[tokio::test]
async fn a_method_that_is_not_offered_is_a_problem_that_lists_those_that_are() {
    let request = Request::delete("/v1/thing").body(Body::empty()).unwrap();
    let answered = send(&edge(), request).await;
    let body = answered.problem(405, "method_not_allowed");
    assert_eq!(answered.header("allow"), "GET,HEAD");
    assert_eq!(body["detail"], "This address does not answer DELETE.");
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing_of_it() {
    let answered = get(&edge(), "/v1/panic").await;
    answered.problem(500, "internal_error");
    assert!(!answered.text.contains("hunter2"));
}

#[tokio::test]
async fn an_error_in_a_frameworks_words_becomes_a_problem_in_ours() {
    let answered = get(&edge(), "/v1/teapot").await;
    assert!(!answered.text.contains("crate::secret"));
    assert_eq!(answered.json()["code"], "malformed_request");
    assert_eq!(answered.json()["status"], answered.status.as_u16());
}

#[tokio::test]
async fn a_body_of_300_kib_is_too_large_and_one_of_256_kib_is_not() {
    let post = async |size: usize| {
        let request = Request::post("/v1/body").body(Body::from(vec![b'x'; size])).unwrap();
        send(&edge(), request).await
    };
    let body = post(300 * 1024).await.problem(413, "payload_too_large");
    assert_eq!(body["detail"], "The body may have at most 262144 bytes.");
    assert_eq!(post(256 * 1024).await.text, "262144");
}

#[tokio::test]
async fn a_request_past_its_deadline_is_a_problem_that_says_when_to_try_again() {
    let deadline = Duration::from_millis(1);
    let router = edge_with(EdgeSettings { deadline, ..EdgeSettings::default() });
    let answered = get(&router, "/v1/never").await;
    let body = answered.problem(503, "request_timeout");
    assert_eq!(answered.header("retry-after"), "1");
    assert_eq!(body["detail"], "The request did not finish within 1ms.");
}

#[tokio::test]
async fn an_address_beyond_8_kib_is_refused_and_not_echoed() {
    let long = format!("/v1/thing?q={}", "x".repeat(8 * 1024));
    let body = get(&edge(), &long).await.problem(414, "uri_too_long");
    assert_eq!(body["instance"], "/");
}

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_refused() {
    for hosts in [&[][..], &["till", "other"], &["till other"]] {
        let request = Request::get("/v1/thing");
        let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
        let answered = send_as_is(&edge(), request.body(Body::empty()).unwrap()).await;
        answered.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn a_good_request_id_is_kept_from_the_header_through_to_the_handler() {
    let router = edge();
    for id in ["a".to_owned(), "order-7/try:2".to_owned(), "x".repeat(128)] {
        let answered = get_as(&router, "x-request-id", &id).await;
        assert_eq!((answered.text.as_str(), answered.header("x-request-id")), (&*id, &*id));
    }
}

#[tokio::test]
async fn a_bad_request_id_is_replaced_by_a_uuid_of_version_7() {
    let router = edge();
    for id in ["", "two words", "t\tb", &"x".repeat(129)] {
        let answered = get_as(&router, "x-request-id", id).await;
        let made = uuid::Uuid::parse_str(answered.header("x-request-id")).unwrap();
        assert_eq!(made.get_version_num(), 7);
        assert_eq!(answered.text, answered.header("x-request-id"));
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers_and_private_ones_are_not_stored() {
    let router = edge();
    for path in ["/v1/thing", "/v1/nothing", "/v1/panic", "/moved"] {
        let answered = get(&router, path).await;
        assert_eq!(answered.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answered.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answered.header("strict-transport-security"), "", "{path}");
        let stored = if path == "/moved" { "" } else { "no-store" };
        assert_eq!(answered.header("cache-control"), stored, "{path}");
    }
}

#[tokio::test]
async fn a11_a_stranger_origin_is_told_nothing_and_a_known_one_may_read_errors_too() {
    let origins = vec![HeaderValue::from_static("https://shop.example")];
    let router = edge_with(EdgeSettings { cors_origins: origins, ..EdgeSettings::default() });
    let ask = async |method: Method, origin: &str| {
        let request = Request::builder()
            .method(method)
            .uri("/v1/nothing")
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        send(&router, request.body(Body::empty()).unwrap()).await
    };
    for method in [Method::OPTIONS, Method::GET] {
        let known = ask(method.clone(), "https://shop.example").await;
        assert_eq!(known.header("access-control-allow-origin"), "https://shop.example");
        for stranger in ["https://evil.example", "https://shop.example.evil.example", "null"] {
            let answered = ask(method.clone(), stranger).await;
            assert_eq!(answered.header("access-control-allow-origin"), "", "{method} {stranger}");
        }
    }
}

#[tokio::test]
async fn without_configured_origins_nobody_gets_a_cors_header() {
    let answered = get_as(&edge(), "origin", "https://shop.example").await;
    assert!(!answered.headers.keys().any(|name| name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn random_addresses_and_methods_make_no_new_series() {
    let metrics = Metrics::shared();
    let router = edge();
    for name in ["wombat1", "wombat2"] {
        get(&router, &format!("/v1/{name}")).await;
        let request = Request::builder().method(name).uri("/v1/thing");
        send(&router, request.body(Body::empty()).unwrap()).await;
    }
    let text = metrics.render();
    assert!(!text.contains("wombat"));
    assert!(text.contains("http_request_method=\"_OTHER\""));
    assert!(text.contains("http_route=\"/v1/thing\""));
}
