//! `grant_type=refresh_token`: rotated with each use, bound to its client, never for more than before.

use serde_json::json;

use super::{Scene, app, claims, consent, refused, register, tokens, web};
use crate::api::shop::call;

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_second_use_ends_all_that_came_of_the_code() {
    let scene = Scene::open().await;
    let first = scene.granted().await;
    let second = tokens(&scene.shop, &scene.ada, &scene.ledger.refresh(&first.refresh_token).await);
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(second.get("/v1/orders").await.status, 200);
    refused(&scene.ledger.refresh(&first.refresh_token).await, 400, "invalid_grant");
    second.get("/v1/orders").await.problem(401, "token_invalid");
    first.get("/v1/orders").await.problem(401, "token_invalid");
    refused(&scene.ledger.refresh(&second.refresh_token).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_of_another_client_is_refused_and_stays_good() {
    let scene = Scene::open().await;
    let other = register(&scene.shop, &scene.admin, &web(&["orders:read"])).await;
    let public = register(&scene.shop, &scene.admin, &app(&["orders:read"])).await;
    let program = scene.granted().await;
    for client in [&other, &public] {
        refused(&client.refresh(&program.refresh_token).await, 400, "invalid_grant");
    }
    // Somebody's own is no application's, and an application's is nobody's own.
    refused(&scene.ledger.refresh(&scene.ada.refresh_token).await, 400, "invalid_grant");
    let stolen = json!({ "refreshToken": program.refresh_token });
    call(&scene.shop.router, "/v1/auth/refresh", &stolen).await.problem(401, "token_invalid");
    assert_eq!(call(&scene.shop.router, "/v1/auth/revoke", &stolen).await.status, 204);
    assert_eq!(scene.ledger.refresh(&program.refresh_token).await.status, 200);
    let own = json!({ "refreshToken": scene.ada.refresh_token });
    assert_eq!(call(&scene.shop.router, "/v1/auth/refresh", &own).await.status, 200);
}

#[tokio::test]
async fn a_token_may_be_asked_for_with_less_but_never_with_more_than_was_granted() {
    let scene = Scene::open().await;
    let code = consent(&scene.shop, &scene.ada, &scene.ledger, "orders:read").await;
    let program = tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&code).await);
    let ask = |token: String, scope: &'static str| {
        let ledger = scene.ledger.clone();
        async move {
            let asked =
                [("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", scope)];
            ledger.token(&asked).await
        }
    };
    let mut token = program.refresh_token.clone();
    // Registered for it, but not consented to; not registered for it; nothing that is known.
    for more in ["orders:read profile:read", "payments:read", "orders:read openid"] {
        refused(&ask(token.clone(), more).await, 400, "invalid_scope");
    }
    for scope in ["orders:read", ""] {
        let renewed = ask(token.clone(), scope).await;
        assert_eq!(renewed.json()["scope"], "orders:read", "{scope}: {}", renewed.text);
        token = renewed.json()["refresh_token"].as_str().unwrap().to_owned();
    }
}

#[tokio::test]
async fn a_narrower_token_leaves_the_grant_as_wide_as_it_was() {
    let scene = Scene::open().await;
    let first = scene.granted().await;
    let asked = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.refresh_token.as_str()),
        ("scope", "profile:read"),
    ];
    let narrow = tokens(&scene.shop, &scene.ada, &scene.ledger.token(&asked).await);
    assert_eq!(claims(&narrow.token)["scope"], "profile:read");
    narrow.get("/v1/orders").await.problem(403, "insufficient_scope");
    let wide = tokens(&scene.shop, &scene.ada, &scene.ledger.refresh(&narrow.refresh_token).await);
    assert_eq!(wide.get("/v1/orders").await.status, 200);
}

#[tokio::test]
async fn a_client_without_the_grant_gets_no_refresh_token_and_may_not_use_one() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let place = format!("/v1/oauth-clients/{}", scene.ledger.id);
    let less = json!({ "grants": ["authorization_code"] });
    assert_eq!(scene.admin.patch(&place, &less).await.status, 200);
    refused(&scene.ledger.refresh(&program.refresh_token).await, 400, "unauthorized_client");
    let code = scene.code().await;
    let answered = scene.ledger.redeem(&code).await;
    assert_eq!(answered.status, 200);
    assert!(answered.json()["refresh_token"].is_null());
}
