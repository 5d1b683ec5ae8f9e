//! `/v1/consents`: everybody sees and takes back their own, and with a consent goes all that came of it.

use serde_json::json;
use time::Duration;

use super::{Scene, consent, refused, register, tokens, web};

#[tokio::test]
async fn everybody_sees_whom_they_let_act_for_them_newest_first() {
    let scene = Scene::open().await;
    let other = register(&scene.shop, &scene.admin, &web(&["orders:read"])).await;
    scene.code().await;
    scene.shop.test.clock.advance(Duration::seconds(1));
    consent(&scene.shop, &scene.ada, &other, "orders:read").await;
    let first = scene.ada.get("/v1/consents?limit=1").await.json();
    assert_eq!(first["data"][0]["clientId"], other.id);
    let next = format!("/v1/consents?limit=1&cursor={}", first["nextCursor"].as_str().unwrap());
    let second = scene.ada.get(&next).await.json();
    let expected = json!([{
        "clientId": scene.ledger.id, "clientName": "Ledger", "scopes": ["profile:read", "orders:read"],
        "createdAt": "2026-03-02T12:00:00.000Z", "updatedAt": "2026-03-02T12:00:00.000Z",
    }]);
    assert_eq!((&second["data"], &second["nextCursor"]), (&expected, &json!(null)));
    let eve = scene.shop.customer("eve").await;
    assert_eq!(eve.get("/v1/consents").await.json()["data"], json!([]));
    eve.get(&next).await.problem(400, "invalid_cursor");
}

#[tokio::test]
async fn with_a_consent_that_is_withdrawn_go_its_tokens_and_codes_and_nobody_elses() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let unused = scene.code().await;
    let bob = scene.shop.customer("bob").await;
    let code = consent(&scene.shop, &bob, &scene.ledger, "orders:read").await;
    let bobs = tokens(&scene.shop, &bob, &scene.ledger.redeem(&code).await);
    let place = format!("/v1/consents/{}", scene.ledger.id);
    assert_eq!(scene.ada.delete(&place).await.status, 204);
    program.get("/v1/orders").await.problem(401, "token_invalid");
    refused(&scene.ledger.refresh(&program.refresh_token).await, 400, "invalid_grant");
    refused(&scene.ledger.redeem(&unused).await, 400, "invalid_grant");
    assert_eq!(bobs.get("/v1/orders").await.status, 200);
    assert_eq!(scene.ada.get("/v1/orders").await.status, 200);
    scene.ada.delete(&place).await.problem(404, "not_found");
    let entry = scene.admin.get("/v1/audit-log?action=oauth.withdraw_consent").await.json();
    assert_eq!(
        entry["data"][0]["target"],
        json!({ "type": "oauth_client", "id": scene.ledger.id })
    );
    assert_eq!(entry["data"][0]["actor"]["id"], scene.ada.id.to_string());
}

#[tokio::test]
async fn nobody_withdraws_what_another_one_consented_to() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let eve = scene.shop.customer("eve").await;
    let place = format!("/v1/consents/{}", scene.ledger.id);
    eve.delete(&place).await.problem(404, "not_found");
    scene.admin.delete(&place).await.problem(404, "not_found");
    assert_eq!(program.get("/v1/orders").await.status, 200);
}
