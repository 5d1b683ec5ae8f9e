//! `POST /v1/auth/revoke-all`: every session ends, at every instance; keys and other people stay.

use serde_json::json;
use till::domain::ids::Id;

use crate::api::api_keys::{ask, make, orders};
use crate::api::oauth::web;
use crate::api::shop::{Shop, call};

#[tokio::test]
async fn a3_signing_out_everywhere_ends_every_session_at_every_instance() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let other = shop.sign_in(ada.id, "ada@example.com").await.at(&shop.twin().await);
    let key = make(&ada, &["orders:read"]).await;
    assert_eq!(other.get("/v1/users/me").await.status, 200);
    let ended = ada.post_with("/v1/auth/revoke-all", &[], "").await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    for actor in [&ada, &other] {
        actor.get("/v1/users/me").await.problem(401, "token_invalid");
        let renewal = json!({ "refreshToken": actor.refresh_token });
        call(&shop.router, "/v1/auth/refresh", &renewal).await.problem(401, "token_invalid");
    }
    assert_eq!(orders(&key.program).await.status, 200);
    assert_eq!(eve.get("/v1/users/me").await.status, 200);
    assert_eq!(shop.sign_in(ada.id, "ada@example.com").await.get("/v1/users/me").await.status, 200);
}

#[tokio::test]
async fn a3_what_is_asked_for_while_its_owner_signs_out_everywhere_is_not_made() {
    let shop = Shop::open().await;
    let key = json!({ "name": "A program", "scopes": ["orders:read"] });
    let ada = shop.customer("ada").await;
    let end = ada.post_with("/v1/auth/revoke-all", &[], "");
    let (ended, made) = shop.beside(end, ask(&ada, &key)).await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    made.problem(401, "token_invalid");

    let admin = shop.staff("admin").await;
    let client = web(&["orders:read"]).to_string();
    let end = admin.post_with("/v1/auth/revoke-all", &[], "");
    let register = admin.post_with("/v1/oauth-clients", &[], &client);
    let (ended, made) = shop.beside(end, register).await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    made.problem(401, "token_invalid");

    let left = "SELECT (SELECT count(*) FROM api_keys) + (SELECT count(*) FROM oauth_clients)";
    assert_eq!(shop.count(left).await, 0);
}

#[tokio::test]
async fn a3_no_secret_is_changed_while_its_owner_signs_out_everywhere() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let key = make(&ada, &["orders:read"]).await;
    let rotation = format!("/v1/api-keys/{}/rotate", key.id);
    let end = ada.post_with("/v1/auth/revoke-all", &[], "");
    let (ended, rotated) = shop.beside(end, ada.post_with(&rotation, &[], "")).await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    rotated.problem(401, "token_invalid");

    let admin = shop.staff("admin").await;
    let client = web(&["orders:read"]).to_string();
    let registered = admin.post_with("/v1/oauth-clients", &[], &client).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    let id = registered.json()["id"].as_str().unwrap().to_owned();
    let rotation = format!("/v1/oauth-clients/{id}/rotate-secret");
    let end = admin.post_with("/v1/auth/revoke-all", &[], "");
    let (ended, rotated) = shop.beside(end, admin.post_with(&rotation, &[], "")).await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    rotated.problem(401, "token_invalid");

    let changed = "SELECT (SELECT count(*) FROM api_keys WHERE old_secret_until IS NOT NULL)
        + (SELECT count(*) FROM oauth_clients WHERE old_secret_until IS NOT NULL)";
    assert_eq!(shop.count(changed).await, 0);
}

#[tokio::test]
async fn a3_a_client_that_is_registered_while_its_administrator_is_demoted_is_not_made() {
    let shop = Shop::open().await;
    let (admin, eve) = (shop.staff("admin").await, shop.customer("eve").await);
    let promote = sqlx::query("UPDATE users SET role = 'admin' WHERE id = $1");
    promote.bind(eve.id.as_uuid()).execute(&*shop.test.services.pool).await.unwrap();
    let eve = shop.sign_in(eve.id, "eve@example.com").await;
    let path = format!("/v1/users/{}", eve.id);
    let customer = json!({ "role": "customer" });
    let client = web(&["orders:read"]).to_string();
    let register = eve.post_with("/v1/oauth-clients", &[], &client);
    let (demoted, made) = shop.beside(admin.patch(&path, &customer), register).await;
    assert_eq!(demoted.status, 200, "{}", demoted.text);
    made.problem(401, "token_invalid");
    assert_eq!(shop.count("SELECT count(*) FROM oauth_clients").await, 0);
}
