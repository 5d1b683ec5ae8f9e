//! The whole way of a code, from the page on which somebody says yes to the tokens that it becomes, once.

use super::{App, Browser, told};
use crate::api::oauth::{
    Application, REDIRECT, VERIFIER, challenge, refused, register, tokens, trade, web,
};
use crate::api::shop::{Actor, Shop};

const SCOPES: [&str; 2] = ["orders:read", "orders:write"];

struct Scene {
    shop: Shop,
    ada: Actor,
    admin: Actor,
    ledger: Application,
}

async fn scene() -> Scene {
    let shop = Shop::open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let ledger = register(&shop, &admin, &web(&SCOPES)).await;
    Scene { shop, ada, admin, ledger }
}

/// The code that comes of Ada's yes in her browser.
async fn code(scene: &Scene) -> String {
    let id = scene.ledger.id.parse::<uuid::Uuid>().unwrap();
    let app = App::known(id.into());
    let challenge = challenge(VERIFIER);
    let address =
        app.ask(&[("redirect_uri", Some(REDIRECT)), ("code_challenge", Some(challenge.as_str()))]);
    let mut browser = Browser::new(&scene.shop.router);
    let page = browser.go(&address).await;
    let there = browser.sign_in(&page, "ada@example.com").await;
    let page = browser.follow(&there).await;
    told(&browser.decide(&page, "allow").await, "code")
}

#[tokio::test]
async fn a4_an_authorization_code_used_twice_ends_the_tokens_of_its_first_use() {
    let scene = scene().await;
    let code = code(&scene).await;
    let program = tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&code).await);
    assert_eq!(program.get("/v1/orders").await.status, 200);
    program.get("/v1/payments").await.problem(403, "insufficient_scope");
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
    program.get("/v1/orders").await.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_code_is_for_the_application_that_asked_with_its_verifier_and_its_address() {
    let scene = scene().await;
    let other = register(&scene.shop, &scene.admin, &web(&SCOPES)).await;
    let code = code(&scene).await;
    refused(&other.redeem(&code).await, 400, "invalid_grant");
    let (guess, shown) = ("x".repeat(43), challenge(VERIFIER));
    for (name, value) in [
        ("code_verifier", guess.as_str()),
        ("code_verifier", shown.as_str()),
        ("redirect_uri", "https://app.example/other"),
    ] {
        let mut wrong = trade(&code).to_vec();
        wrong.retain(|(known, _)| *known != name);
        wrong.push((name, value));
        refused(&scene.ledger.token(&wrong).await, 400, "invalid_grant");
    }
    tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&code).await);
}

#[tokio::test]
async fn a_code_of_somebody_who_signed_out_everywhere_meanwhile_is_good_for_nothing() {
    let scene = scene().await;
    let code = code(&scene).await;
    assert_eq!(scene.ada.post_empty("/v1/auth/revoke-all", "k").await.status, 204);
    refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
}
