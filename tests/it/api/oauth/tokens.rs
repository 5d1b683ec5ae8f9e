//! What an application's token may do, and when it may do nothing any more.

use serde_json::json;
use till::domain::ids::Id;

use super::{Scene, batch, consent, refused, register, tokens, web};
use crate::api::shop::PASSWORD;

#[tokio::test]
async fn what_is_for_people_is_not_for_their_applications() {
    let scene = Scene::open().await;
    let all = ["profile:read", "profile:write", "users:admin", "orders:read"];
    let client = register(&scene.shop, &scene.admin, &web(&all)).await;
    let code = consent(&scene.shop, &scene.admin, &client, &all.join(" ")).await;
    let program = tokens(&scene.shop, &scene.admin, &client.redeem(&code).await);
    assert_eq!(program.get("/v1/users").await.status, 200);
    for path in ["/v1/oauth-clients", "/v1/consents", "/v1/api-keys"] {
        program.get(path).await.problem(403, "session_required");
    }
    let wish = json!({ "name": "More", "scopes": ["orders:read"] }).to_string();
    program.post_with("/v1/api-keys", &[], &wish).await.problem(403, "session_required");
    program.post_with("/v1/auth/revoke-all", &[], "").await.problem(403, "session_required");
    program.delete("/v1/users/me").await.problem(403, "session_required");
    let consent = format!("/v1/consents/{}", client.id);
    program.delete(&consent).await.problem(403, "session_required");
}

#[tokio::test]
async fn a_token_holds_no_more_than_its_user_may_now() {
    let scene = Scene::open().await;
    let client = register(&scene.shop, &scene.admin, &web(&["users:admin", "orders:read"])).await;
    let boss = scene.shop.staff("support").await;
    let promote = sqlx::query("UPDATE users SET role = 'admin' WHERE id = $1");
    promote.bind(boss.id.as_uuid()).execute(&*scene.shop.test.services.pool).await.unwrap();
    let code = consent(&scene.shop, &boss, &client, "users:admin orders:read").await;
    let program = tokens(&scene.shop, &boss, &client.redeem(&code).await);
    assert_eq!(program.get("/v1/users").await.status, 200);
    let demote = sqlx::query("UPDATE users SET role = 'customer' WHERE id = $1");
    demote.bind(boss.id.as_uuid()).execute(&*scene.shop.test.services.pool).await.unwrap();
    program.get("/v1/users").await.problem(403, "insufficient_scope");
    assert_eq!(client.refresh(&program.refresh_token).await.json()["scope"], "orders:read");
    // What was never theirs is not granted, whatever they consented to.
    let code = consent(&scene.shop, &boss, &client, "users:admin").await;
    refused(&client.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn what_a_client_may_ask_for_no_more_its_tokens_may_not_do_either() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let place = format!("/v1/oauth-clients/{}", scene.ledger.id);
    let less = json!({ "scopes": ["profile:read"] });
    assert_eq!(scene.admin.patch(&place, &less).await.status, 200);
    program.get("/v1/orders").await.problem(403, "insufficient_scope");
    assert_eq!(program.get("/v1/users/me").await.status, 200);
    let renewed = scene.ledger.refresh(&program.refresh_token).await;
    assert_eq!(renewed.json()["scope"], "profile:read");
}

#[tokio::test]
async fn a3_its_tokens_are_over_at_once_at_every_instance_when_its_client_is_removed() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let twin = program.at(&scene.shop.twin().await);
    assert_eq!(twin.get("/v1/orders").await.status, 200);
    let unused = scene.code().await;
    let place = format!("/v1/oauth-clients/{}", scene.ledger.id);
    assert_eq!(scene.admin.delete(&place).await.status, 204);
    for somewhere in [&program, &twin] {
        somewhere.get("/v1/orders").await.problem(401, "token_invalid");
    }
    refused(&scene.ledger.refresh(&program.refresh_token).await, 401, "invalid_client");
    refused(&scene.ledger.redeem(&unused).await, 401, "invalid_client");
    assert_eq!(scene.ada.get("/v1/consents").await.json()["data"], json!([]));
    scene.admin.delete(&place).await.problem(404, "not_found");
}

#[tokio::test]
async fn a3_its_tokens_are_over_with_a_new_password_and_with_signing_out_everywhere() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    assert_eq!(scene.ada.post_with("/v1/auth/revoke-all", &[], "").await.status, 204);
    program.get("/v1/orders").await.problem(401, "token_invalid");
    refused(&scene.ledger.refresh(&program.refresh_token).await, 400, "invalid_grant");

    let bob = scene.shop.customer("bob").await;
    let code = consent(&scene.shop, &bob, &scene.ledger, "orders:read").await;
    let program = tokens(&scene.shop, &bob, &scene.ledger.redeem(&code).await);
    let change = json!({ "password": "an even better one", "currentPassword": PASSWORD });
    assert_eq!(bob.patch("/v1/users/me", &change).await.status, 200);
    program.get("/v1/orders").await.problem(401, "token_invalid");
    refused(&scene.ledger.refresh(&program.refresh_token).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_client_that_may_ask_nobody_any_more_has_no_tokens_for_anybody() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let place = format!("/v1/oauth-clients/{}", scene.ledger.id);
    let other = json!({ "grants": ["client_credentials"], "redirectUris": [],
                        "accountId": scene.admin.id.to_string() });
    let changed = scene.admin.patch(&place, &other).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    program.get("/v1/orders").await.problem(401, "token_invalid");
    assert_eq!(scene.ledger.by_itself().await.status, 200);
}

#[tokio::test]
async fn the_consents_of_an_account_that_is_erased_go_with_it() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    assert_eq!(scene.ada.delete("/v1/users/me").await.status, 204);
    program.get("/v1/orders").await.problem(401, "token_invalid");
    refused(&client.by_itself().await, 400, "unauthorized_client");
    for table in [
        "SELECT count(*) FROM oauth_consents",
        "SELECT count(*) FROM oauth_codes WHERE used_at IS NULL",
    ] {
        assert_eq!(scene.shop.count(table).await, 0);
    }
}
