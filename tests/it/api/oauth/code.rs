//! `grant_type=authorization_code`: a code is good once, within a minute, in the hands of whoever asked for it.

use serde_json::json;
use till::domain::ids::ClientId;
use till::service::oauth::CodeGrant;
use time::Duration;
use uuid::Uuid;

use super::{
    REDIRECT, Scene, VERIFIER, app, challenge, claims, consent, issue_as, refused, register,
    tokens, trade, web,
};
use crate::api::shop::PASSWORD;

#[tokio::test]
async fn a_code_becomes_tokens_that_act_in_its_users_name_with_what_was_consented_to() {
    let scene = Scene::open().await;
    let order = scene.ada.order(&scene.shop.product("MUG", 5).await, 1).await;
    let program = scene.granted().await;
    assert_eq!(program.get("/v1/orders").await.json()["data"][0]["id"], order["id"]);
    assert_eq!(program.get("/v1/users/me").await.json()["id"], scene.ada.id.to_string());
    program.get("/v1/payments").await.problem(403, "insufficient_scope");
    let said = claims(&program.token);
    assert_eq!(said["sub"], scene.ada.id.to_string());
    assert_eq!(said["client_id"], scene.ledger.id);
    assert_eq!(said["scope"], "profile:read orders:read");
    assert!(said["account"].is_null());
}

#[tokio::test]
async fn a4_an_authorization_code_used_twice_ends_the_tokens_of_its_first_use() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let program = tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&code).await);
    assert_eq!(program.get("/v1/orders").await.status, 200);
    for _ in 0..2 {
        refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
    }
    program.get("/v1/orders").await.problem(401, "token_invalid");
    refused(&scene.ledger.refresh(&program.refresh_token).await, 400, "invalid_grant");
    assert_eq!(scene.ada.get("/v1/orders").await.status, 200, "her own session goes on");
    let told = "SELECT count(*) FROM audit_log WHERE action = 'oauth.reuse_code'";
    assert_eq!(scene.shop.count(told).await, 1);
}

#[tokio::test]
async fn a_code_that_is_used_twice_when_its_minute_is_over_ends_them_as_well() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let program = tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&code).await);
    scene.shop.test.clock.advance(Duration::minutes(5));
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
    program.get("/v1/orders").await.problem(401, "token_invalid");
}

#[tokio::test]
async fn of_two_who_trade_a_code_in_at_once_one_gets_tokens_and_they_end() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let (one, other) = tokio::join!(scene.ledger.redeem(&code), scene.ledger.redeem(&code));
    let (good, bad) = if one.status == 200 { (one, other) } else { (other, one) };
    refused(&bad, 400, "invalid_grant");
    let program = tokens(&scene.shop, &scene.ada, &good);
    program.get("/v1/orders").await.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let scene = Scene::open().await;
    let (young, old) = (scene.code().await, scene.code().await);
    scene.shop.test.clock.advance(Duration::seconds(59));
    tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&young).await);
    scene.shop.test.clock.advance(Duration::seconds(1));
    refused(&scene.ledger.redeem(&old).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_code_in_the_wrong_hands_is_good_for_nothing_and_stays_good_in_the_right_ones() {
    let scene = Scene::open().await;
    let other = register(&scene.shop, &scene.admin, &web(&["orders:read"])).await;
    let public = register(&scene.shop, &scene.admin, &app(&["orders:read"])).await;
    let code = scene.code().await;
    refused(&other.redeem(&code).await, 400, "invalid_grant");
    refused(&public.redeem(&code).await, 400, "invalid_grant");
    let program = tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&code).await);
    // A used one ends nothing where another client shows it.
    refused(&other.redeem(&code).await, 400, "invalid_grant");
    assert_eq!(program.get("/v1/orders").await.status, 200);
}

#[tokio::test]
async fn a_code_without_its_verifier_or_with_another_one_is_refused_for_every_client() {
    let scene = Scene::open().await;
    let mut wish = app(&["orders:read"]);
    wish["redirectUris"] = json!([REDIRECT]);
    let public = register(&scene.shop, &scene.admin, &wish).await;
    for client in [&scene.ledger, &public] {
        let code = consent(&scene.shop, &scene.ada, client, "orders:read").await;
        let [kind, sent, address, _] = trade(&code);
        refused(&client.token(&[kind, sent, address]).await, 400, "invalid_request");
        let plain = challenge(VERIFIER);
        let long = "x".repeat(129);
        let other = format!("{VERIFIER}x");
        for verifier in [plain.as_str(), "short", &long, &other] {
            let wrong = [kind, sent, address, ("code_verifier", verifier)];
            refused(&client.token(&wrong).await, 400, "invalid_grant");
        }
        assert_eq!(client.redeem(&code).await.status, 200);
    }
}

#[tokio::test]
async fn an_address_that_was_named_must_be_named_again_letter_by_letter() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let [kind, sent, _, proof] = trade(&code);
    refused(&scene.ledger.token(&[kind, sent, proof]).await, 400, "invalid_grant");
    for other in [
        "https://app.example/callback/",
        "https://app.example/callback?x=1",
        "https://app.example/CALLBACK",
        "https://app.example/x/../callback",
        "https://app.example@evil.example/callback",
        "https://app.example/callback#",
    ] {
        let wrong = [kind, sent, ("redirect_uri", other), proof];
        refused(&scene.ledger.token(&wrong).await, 400, "invalid_grant");
    }
    assert_eq!(scene.ledger.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn an_address_that_was_not_named_may_be_left_out_but_not_be_another_one() {
    let scene = Scene::open().await;
    let client: ClientId = scene.ledger.id.parse::<Uuid>().unwrap().into();
    let grant = CodeGrant {
        client,
        user_id: scene.ada.id,
        access_epoch: 0,
        redirect_uri: REDIRECT.to_owned(),
        redirect_uri_given: false,
        scopes: till::domain::access::ScopeSet::parse_known("orders:read"),
        challenge: challenge(VERIFIER),
    };
    let code = issue_as(&scene.shop, &grant).await;
    let [kind, sent, _, proof] = trade(&code);
    let wrong = [kind, sent, proof, ("redirect_uri", "https://evil.example/")];
    refused(&scene.ledger.token(&wrong).await, 400, "invalid_grant");
    assert_eq!(scene.ledger.token(&[kind, sent, proof]).await.status, 200);
}

#[tokio::test]
async fn a_code_is_over_with_a_new_password_a_sign_out_everywhere_and_a_disabled_account() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let change = json!({ "password": "an even better one", "currentPassword": PASSWORD });
    assert_eq!(scene.ada.patch("/v1/users/me", &change).await.status, 200);
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");

    let bob = scene.shop.customer("bob").await;
    let code = consent(&scene.shop, &bob, &scene.ledger, "orders:read").await;
    assert_eq!(bob.post_with("/v1/auth/revoke-all", &[], "").await.status, 204);
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");

    let eve = scene.shop.customer("eve").await;
    let code = consent(&scene.shop, &eve, &scene.ledger, "orders:read").await;
    let place = format!("/v1/users/{}", eve.id);
    assert_eq!(scene.admin.patch(&place, &json!({ "status": "disabled" })).await.status, 200);
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
    let back = json!({ "status": "active" });
    assert_eq!(scene.admin.patch(&place, &back).await.status, 200);
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn what_can_be_no_code_is_refused_like_one_that_nobody_knows() {
    let scene = Scene::open().await;
    let unknown = format!("tillac_{}", "A".repeat(43));
    let refresh_token = scene.ada.refresh_token.clone();
    let mut seen = Vec::new();
    for code in ["x", "tillac_", "' OR 1=1 --", &unknown, &refresh_token] {
        let answered = scene.ledger.redeem(code).await;
        refused(&answered, 400, "invalid_grant");
        seen.push(answered.text);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn only_hashes_of_codes_and_secrets_are_kept() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT row_to_json(c)::text FROM oauth_codes c UNION ALL SELECT row_to_json(c)::text FROM oauth_clients c",
    )
    .fetch_all(&*scene.shop.test.services.pool)
    .await
    .unwrap();
    assert_eq!(rows.len(), 2);
    let whole = rows.join("\n");
    for secret in [&code, &scene.ledger.secret] {
        let (_, bits) = secret.split_once('_').unwrap();
        assert!(bits.len() == 43 && !whole.contains(bits), "{whole}");
    }
}
