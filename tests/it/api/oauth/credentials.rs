//! `grant_type=client_credentials`: an application that acts by itself, on the account that it was given.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Application, Scene, app, batch, claims, refused, register, tokens};
use crate::api::shop::Actor;

async fn by_itself(scene: &Scene, client: &Application) -> Actor {
    tokens(&scene.shop, &scene.ada, &client.by_itself().await)
}

#[tokio::test]
async fn its_token_is_its_own_and_what_it_makes_is_its_accounts() {
    let scene = Scene::open().await;
    let wish = batch(&scene.ada, &["orders:read", "orders:write"]);
    let client = register(&scene.shop, &scene.admin, &wish).await;
    let answered = client.by_itself().await;
    assert!(answered.json()["refresh_token"].is_null(), "{}", answered.text);
    let program = tokens(&scene.shop, &scene.ada, &answered);
    let order = program.order(&scene.shop.product("MUG", 5).await, 1).await;
    assert_eq!(order["customerId"], scene.ada.id.to_string());
    let said = claims(&program.token);
    assert_eq!((&said["sub"], &said["client_id"]), (&json!(client.id), &json!(client.id)));
    program.get("/v1/users/me").await.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn its_keys_are_its_own_and_those_of_what_acts_for_somebody_are_the_users() {
    let scene = Scene::open().await;
    let scopes = ["orders:read", "orders:write"];
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &scopes)).await;
    let asking = register(&scene.shop, &scene.admin, &super::web(&scopes)).await;
    let code = super::consent(&scene.shop, &scene.ada, &asking, &scopes.join(" ")).await;
    let acting = tokens(&scene.shop, &scene.ada, &asking.redeem(&code).await);
    let alone = by_itself(&scene, &client).await;
    let mug = scene.shop.product("MUG", 9).await;
    let wish = json!({ "items": [{ "productId": mug.id.to_string(), "quantity": 1 }] });
    let first = scene.ada.post("/v1/orders", "once", &wish).await.json();
    let same = acting.post("/v1/orders", "once", &wish).await;
    assert_eq!((&same.json()["id"], same.header("idempotency-replayed")), (&first["id"], "true"));
    let another = alone.post("/v1/orders", "once", &wish).await.json();
    assert_ne!(another["id"], first["id"]);
    // Another token of the client, the same key.
    let again = by_itself(&scene, &client).await.post("/v1/orders", "once", &wish).await;
    assert_eq!(again.json()["id"], another["id"]);
}

#[tokio::test]
async fn it_gets_what_it_may_ask_for_as_far_as_its_account_may() {
    let scene = Scene::open().await;
    let scopes = ["orders:read", "refunds:write", "profile:read"];
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &scopes)).await;
    let ask = async |scope: &str| {
        client.token(&[("grant_type", "client_credentials"), ("scope", scope)]).await
    };
    assert_eq!(client.by_itself().await.json()["scope"], "profile:read orders:read");
    assert_eq!(ask("orders:read").await.json()["scope"], "orders:read");
    for wrong in ["payments:read", "refunds:write", "orders:read payments:read", "everything"] {
        refused(&ask(wrong).await, 400, "invalid_scope");
    }
}

#[tokio::test]
async fn who_is_not_registered_for_it_gets_nothing() {
    let scene = Scene::open().await;
    refused(&scene.ledger.by_itself().await, 400, "unauthorized_client");
    let public = register(&scene.shop, &scene.admin, &app(&["orders:read"])).await;
    refused(&public.by_itself().await, 400, "unauthorized_client");
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    refused(&client.redeem("tillac_x").await, 400, "unauthorized_client");
    refused(&client.refresh("tillrt_x").await, 400, "unauthorized_client");
}

#[tokio::test]
async fn with_its_account_disabled_or_another_one_its_tokens_are_over() {
    let scene = Scene::open().await;
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    let bob = scene.shop.customer("bob").await;
    let place = format!("/v1/oauth-clients/{}", client.id);
    let before = by_itself(&scene, &client).await;
    let moved = json!({ "accountId": bob.id.to_string() });
    assert_eq!(scene.admin.patch(&place, &moved).await.status, 200);
    before.get("/v1/orders").await.problem(401, "token_invalid");
    let after = by_itself(&scene, &client).await;
    assert_eq!(after.get("/v1/orders").await.status, 200);
    let user = format!("/v1/users/{}", bob.id);
    assert_eq!(scene.admin.patch(&user, &json!({ "status": "disabled" })).await.status, 200);
    after.get("/v1/orders").await.problem(401, "token_invalid");
    refused(&client.by_itself().await, 400, "unauthorized_client");
}

#[tokio::test]
async fn what_it_does_is_told_as_its_own_under_the_account_it_acts_on() {
    let scene = Scene::open().await;
    let staff = scene.shop.staff("support").await;
    let client =
        register(&scene.shop, &scene.admin, &batch(&staff, &["orders:write", "customers:act"]))
            .await;
    let program = tokens(&scene.shop, &staff, &client.by_itself().await);
    let order = scene.ada.order(&scene.shop.product("MUG", 5).await, 1).await;
    let place = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    assert_eq!(program.post_empty(&place, "c").await.status, 200);
    let entries = scene.admin.get("/v1/audit-log?limit=50").await.json();
    let of = |action: &str| -> Value {
        let all = entries["data"].as_array().unwrap();
        all.iter().find(|entry| entry["action"] == action).unwrap().clone()
    };
    let actor = json!({ "type": "user", "id": staff.id.to_string(),
                        "credential": { "type": "application", "id": client.id } });
    assert_eq!(of("order.cancel")["actor"], actor);
    let granted = of("oauth.grant_tokens");
    assert_eq!(granted["actor"], actor);
    assert_eq!(granted["target"], json!({ "type": "oauth_client", "id": client.id }));
    assert_eq!(granted["details"]["scopes"], "orders:write customers:act");
    let session: Uuid = granted["details"]["sessionId"].as_str().unwrap().parse().unwrap();
    assert_eq!(claims(&program.token)["sid"], session.to_string());
}
