//! Wrong secrets of applications are limited by application and network; right ones, and other networks, are not.

use axum::Router;
use axum::http::Request;
use till::config::RateLimits;
use url::form_urlencoded;

use super::{rate, send_from};
use crate::api::oauth::{Application, Scene, app, batch, register};
use crate::api::support::{Answered, router_under};

const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.1";

/// A shop whose applications have three wrong secrets a minute, and one of them that acts by itself.
async fn strict() -> (Scene, Router, Application) {
    let scene = Scene::open().await;
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    let rates = RateLimits { login: rate("sliding_window:3/60s"), ..RateLimits::default() };
    let router = router_under(&scene.shop.test, scene.shop.test.limits_of(rates));
    (scene, router, client)
}

async fn post(
    (router, address): (&Router, &str),
    client: &Application,
    path: &str,
    parameter: (&str, &str),
) -> Answered {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair(parameter.0, parameter.1);
    let mut request =
        Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    if client.secret.is_empty() {
        form.append_pair("client_id", &client.id);
    } else {
        request = request.header("authorization", client.basic());
    }
    send_from(router, address, request, &form.finish()).await
}

async fn by_itself(router: &Router, address: &str, client: &Application) -> Answered {
    let alone = ("grant_type", "client_credentials");
    post((router, address), client, "/oauth/token", alone).await
}

#[tokio::test]
async fn a8_wrong_secrets_of_an_application_are_limited_wherever_they_are_shown() {
    let (scene, router, client) = strict().await;
    let wrong = client.showing("tillcs_wrong");
    let from = (&router, HERE);
    assert_eq!(by_itself(&router, HERE, &wrong).await.status, 401);
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        assert_eq!(post(from, &wrong, path, ("token", "none")).await.status, 401, "{path}");
    }
    // Not even with the right one: else the limit would tell which it is.
    for refused in [
        by_itself(&router, HERE, &client).await,
        post(from, &client, "/oauth/introspect", ("token", "none")).await,
        post(from, &wrong, "/oauth/revoke", ("token", "none")).await,
    ] {
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "60"));
        assert_eq!(refused.header("content-type"), "application/json");
        assert_eq!(refused.header("ratelimit-policy"), "\"login-client\";q=3;w=60");
        assert_eq!(refused.json()["error"], "temporarily_unavailable", "{}", refused.text);
    }
    scene.shop.test.clock.advance(time::Duration::seconds(60));
    assert_eq!(by_itself(&router, HERE, &client).await.status, 200);
}

#[tokio::test]
async fn a8_a_stranger_can_not_lock_an_application_out() {
    let (scene, router, client) = strict().await;
    let wrong = client.showing("tillcs_wrong");
    for _ in 0..5 {
        by_itself(&router, HERE, &wrong).await;
    }
    assert_eq!(by_itself(&router, HERE, &client).await.status, 429);
    assert_eq!(by_itself(&router, ELSEWHERE, &client).await.status, 200);
    // Nor others of the same network.
    let other = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    assert_eq!(by_itself(&router, HERE, &other).await.status, 200);
}

#[tokio::test]
async fn an_application_that_is_right_asks_as_often_as_it_will_and_is_told_of_no_such_limit() {
    let (_scene, router, client) = strict().await;
    for _ in 0..10 {
        let granted = by_itself(&router, HERE, &client).await;
        assert_eq!(granted.status, 200, "{}", granted.text);
        assert!(!granted.headers.contains_key("ratelimit-policy"), "{:?}", granted.headers);
    }
}

#[tokio::test]
async fn an_application_that_is_none_is_limited_like_one_that_is() {
    let (_scene, router, mut nobody) = strict().await;
    nobody.id = "01890a5d-ac96-774b-bcce-b302099affff".to_owned();
    for status in [401, 401, 401, 429] {
        assert_eq!(by_itself(&router, HERE, &nobody).await.status, status);
    }
}

#[tokio::test]
async fn one_that_keeps_no_secret_has_none_that_is_guessed() {
    let (scene, router, _) = strict().await;
    let public = register(&scene.shop, &scene.admin, &app(&["orders:read"])).await;
    for _ in 0..5 {
        let refused = post((&router, HERE), &public, "/oauth/introspect", ("token", "none")).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
    }
}
