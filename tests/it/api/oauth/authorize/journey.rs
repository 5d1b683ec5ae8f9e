//! The whole way of a code, from the page on which somebody says yes to the tokens that it becomes, once.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{App, BACK, Browser, told};
use crate::api::shop::{Actor, Shop};
use crate::api::support::{Answered, send};

/// Of [`super::CHALLENGE`].
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An application as an administrator registers it, with its secret.
struct Registered {
    app: App,
    basic: String,
}

async fn register(shop: &Shop, admin: &Actor) -> Registered {
    let wish = json!({
        "name": "Ledger", "kind": "confidential", "redirectUris": [BACK],
        "grants": ["authorization_code", "refresh_token"], "scopes": ["orders:read", "orders:write"],
    });
    let answered = admin.post_with("/v1/oauth-clients", &[], &wish.to_string()).await;
    assert_eq!(answered.status, 201, "{}", answered.text);
    let body = answered.json();
    let (id, secret) = (body["id"].as_str().unwrap(), body["secret"].as_str().unwrap());
    let app = App::known(shop, id.parse::<uuid::Uuid>().unwrap().into()).await;
    Registered { app, basic: format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))) }
}

async fn code(shop: &Shop, app: &App) -> String {
    let mut browser = super::signed_in(shop, app, "ada").await;
    let page = browser.go(&app.ask(&[("prompt", Some("consent"))])).await;
    told(&browser.decide(&page, "allow").await, "code")
}

async fn trade(shop: &Shop, basic: &str, changes: &[(&str, &str)]) -> Answered {
    let mut form = vec![("grant_type", "authorization_code"), ("redirect_uri", BACK)];
    form.push(("code_verifier", VERIFIER));
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::post("/oauth/token")
        .header("authorization", basic)
        .header("content-type", "application/x-www-form-urlencoded");
    send(&shop.router, request.body(Body::from(body)).unwrap()).await
}

async fn call(shop: &Shop, tokens: &Value) -> Answered {
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let request = Request::get("/v1/orders").header("authorization", bearer);
    send(&shop.router, request.body(Body::empty()).unwrap()).await
}

fn is_no_grant(answered: &Answered) {
    assert_eq!(answered.status, 400, "{}", answered.text);
    assert_eq!(answered.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a4_an_authorization_code_used_twice_ends_the_tokens_of_its_first_use() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let admin = shop.staff("admin").await;
    let Registered { app, basic } = register(&shop, &admin).await;
    let code = code(&shop, &app).await;
    let first = trade(&shop, &basic, &[("code", &code)]).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let tokens = first.json();
    assert_eq!(tokens["scope"], "orders:read orders:write");
    assert_eq!(call(&shop, &tokens).await.status, 200);
    is_no_grant(&trade(&shop, &basic, &[("code", &code)]).await);
    call(&shop, &tokens).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_code_is_for_the_application_that_asked_with_its_verifier_and_its_address() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let admin = shop.staff("admin").await;
    let asked = register(&shop, &admin).await;
    let other = register(&shop, &admin).await;
    let code = code(&shop, &asked.app).await;
    is_no_grant(&trade(&shop, &other.basic, &[("code", &code)]).await);
    let (guess, cut) = ("x".repeat(43), VERIFIER.get(1..).unwrap());
    for changes in [
        [("code", code.as_str()), ("code_verifier", &guess)],
        [("code", &code), ("code_verifier", super::CHALLENGE)],
        [("code", &code), ("code_verifier", cut)],
        [("code", &code), ("redirect_uri", "https://app.example/other")],
    ] {
        let refused = trade(&shop, &asked.basic, &changes).await;
        assert_eq!(refused.status, 400, "{changes:?}: {}", refused.text);
    }
    assert_eq!(shop.count("SELECT count(*) FROM sessions WHERE client_id IS NOT NULL").await, 0);
    let good = trade(&shop, &asked.basic, &[("code", &code)]).await;
    assert_eq!(good.status, 200, "{}", good.text);
}

#[tokio::test]
async fn a_code_of_somebody_who_signed_out_everywhere_meanwhile_is_good_for_nothing() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let admin = shop.staff("admin").await;
    let Registered { app, basic } = register(&shop, &admin).await;
    let code = code(&shop, &app).await;
    assert_eq!(ada.post_empty("/v1/auth/revoke-all", "k").await.status, 204);
    is_no_grant(&trade(&shop, &basic, &[("code", &code)]).await);
    // Nor does the browser get another one.
    let mut browser = Browser::new(&shop.router);
    let silent = browser.go(&app.ask(&[("prompt", Some("none"))])).await;
    assert_eq!(told(&silent, "error"), "login_required");
}
