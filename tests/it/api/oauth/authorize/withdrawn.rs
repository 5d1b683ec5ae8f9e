//! A consent that is taken back, or a client that is cut down, while a code is on its way: nothing comes of it, whichever was first.

use serde_json::json;
use sqlx::PgPool;

use super::{App, Browser, consents, told};
use crate::api::oauth::{Application, REDIRECT, VERIFIER, challenge, refused, register, web};
use crate::api::shop::{Actor, Shop};
use crate::api::support::Answered;
use crate::support::db::until_waiting;

struct Scene {
    shop: Shop,
    ada: Actor,
    admin: Actor,
    ledger: Application,
    browser: Browser,
    address: String,
}

/// Ada has let it act for her, so that she is not asked again.
async fn consented() -> Scene {
    let shop = Shop::open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let ledger = register(&shop, &admin, &web(&["orders:read", "orders:write"])).await;
    let app = App::known(ledger.id.parse::<uuid::Uuid>().unwrap().into());
    let challenge = challenge(VERIFIER);
    let asked = [("redirect_uri", Some(REDIRECT)), ("code_challenge", Some(challenge.as_str()))];
    let address = app.ask(&asked);
    let mut browser = Browser::new(&shop.router);
    let page = browser.go(&address).await;
    let there = browser.sign_in(&page, "ada@example.com").await;
    let page = browser.follow(&there).await;
    assert_eq!(browser.decide(&page, "allow").await.status, 303);
    Scene { shop, ada, admin, ledger, browser, address }
}

impl Scene {
    fn pool(&self) -> &PgPool {
        &self.shop.test.services.pool
    }

    fn consent(&self) -> String {
        format!("/v1/consents/{}", self.ledger.id)
    }
}

fn has_code(answered: &Answered) -> bool {
    answered.header("location").contains("code=")
}

#[tokio::test]
async fn a_consent_that_is_taken_back_meanwhile_is_not_given_again_without_a_page() {
    let mut scene = consented().await;
    let (pool, path, address) = (scene.pool().clone(), scene.consent(), scene.address.clone());
    let mut held = pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM oauth_clients FOR UPDATE").execute(&mut *held).await.unwrap();
    let ada = scene.ada;
    let withdraw = async {
        until_waiting(&pool, 1).await;
        assert_eq!(ada.delete(&path).await.status, 204);
        held.rollback().await.unwrap();
    };
    let (answered, ()) = tokio::join!(scene.browser.go(&address), withdraw);
    assert!(!has_code(&answered), "{}", answered.header("location"));
    let page = scene.browser.follow(&answered).await;
    assert!(page.text.contains("to act for you?"), "{}", page.text);
    assert!(consents(&scene.shop).await.is_empty());
}

#[tokio::test]
async fn a_code_that_is_issued_beside_the_withdrawal_of_its_consent_becomes_no_token() {
    let mut scene = consented().await;
    let (pool, path, address) = (scene.pool().clone(), scene.consent(), scene.address.clone());
    let mut held = pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM users FOR UPDATE").execute(&mut *held).await.unwrap();
    let ada = scene.ada;
    let withdraw = async {
        until_waiting(&pool, 1).await;
        let release = async {
            until_waiting(&pool, 2).await;
            held.rollback().await.unwrap();
        };
        let (withdrawn, ()) = tokio::join!(ada.delete(&path), release);
        assert_eq!(withdrawn.status, 204);
    };
    let (answered, ()) = tokio::join!(scene.browser.go(&address), withdraw);
    if has_code(&answered) {
        let redeemed = scene.ledger.redeem(&told(&answered, "code")).await;
        refused(&redeemed, 400, "invalid_grant");
    }
    assert!(consents(&scene.shop).await.is_empty());
    let live = "SELECT count(*) FROM sessions WHERE client_id IS NOT NULL AND revoked_at IS NULL";
    assert_eq!(scene.shop.count(live).await, 0);
}

#[tokio::test]
async fn a_code_is_for_nothing_once_its_consent_its_grant_or_its_address_is_gone() {
    let mut scene = consented().await;
    let client = format!("/v1/oauth-clients/{}", scene.ledger.id);
    let elsewhere = json!({ "redirectUris": ["https://other.example/back"] });
    let code = told(&scene.browser.go(&scene.address).await, "code");
    assert_eq!(scene.admin.patch(&client, &elsewhere).await.status, 200);
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
    assert_eq!(
        scene.admin.patch(&client, &json!({ "redirectUris": [REDIRECT] })).await.status,
        200
    );

    let code = told(&scene.browser.go(&scene.address).await, "code");
    sqlx::query("UPDATE oauth_clients SET grants = '{}'").execute(scene.pool()).await.unwrap();
    refused(&scene.ledger.redeem(&code).await, 400, "unauthorized_client");
    let back = "UPDATE oauth_clients SET grants = '{authorization_code,refresh_token}'";
    sqlx::query(back).execute(scene.pool()).await.unwrap();
    sqlx::query("DELETE FROM oauth_consents").execute(scene.pool()).await.unwrap();
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn of_two_consents_at_once_both_hold() {
    let scene = consented().await;
    let users: uuid::Uuid = scene.ada.id.to_string().parse().unwrap();
    let client: uuid::Uuid = scene.ledger.id.parse().unwrap();
    let now = scene.shop.test.services.ambient.now();
    let mut scopes = Vec::new();
    let (mut one, mut other) =
        (scene.pool().begin().await.unwrap(), scene.pool().begin().await.unwrap());
    for scope in ["payments:read", "profile:read"] {
        scopes.push(till::domain::access::ScopeSet::parse_known(scope));
    }
    let pair = (users.into(), client.into());
    till::store::oauth_consents::upsert(&mut one, pair, scopes[0], now).await.unwrap();
    let second = till::store::oauth_consents::upsert(&mut other, pair, scopes[1], now);
    let first = async {
        until_waiting(scene.pool(), 1).await;
        one.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(second, first);
    second.unwrap();
    other.commit().await.unwrap();
    let held: Vec<_> = consents(&scene.shop).await;
    assert_eq!(held, ["orders:read orders:write payments:read profile:read"]);
}
