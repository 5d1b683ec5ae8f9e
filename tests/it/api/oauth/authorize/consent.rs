//! Who lets an application act for them, and for what: nobody is signed up for more than they read.

use serde_json::json;
use till::domain::access::Scope;
use till::domain::ids::Id;

use super::{App, BACK, Browser, at_consent, codes, consents, scopes, sent_to, signed_in, told};
use crate::api::shop::{Actor, Shop};
use crate::api::support::Answered;

const BOTH: &str = "orders:read orders:write";

#[tokio::test]
async fn somebody_signs_in_reads_what_is_asked_for_allows_it_and_the_application_gets_a_code() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let app = App::register(&shop).await;
    let mut browser = Browser::new(&shop.router);
    let page = browser.go(&app.ask(&[])).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<h1>Sign in</h1>") && page.text.contains("Ledger"));
    let there = browser.sign_in(&page, "ada@example.com").await;
    assert_eq!((there.status.as_u16(), there.text.as_str()), (303, ""));
    let page = browser.follow(&there).await;
    assert_eq!(page.status, 200);
    for shown in [
        "Ledger",
        "ada@example.com",
        "Read orders",
        "Place, cancel and fulfil orders",
        "app.example",
    ] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert!(!page.text.contains("Refund"));

    let answered = browser.decide(&page, "allow").await;
    assert_eq!(answered.status, 303);
    let (address, pairs) = sent_to(&answered);
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((address.as_str(), names), (BACK, vec!["code", "state", "iss"]));
    assert!(told(&answered, "code").starts_with("tillac_"));
    assert_eq!(told(&answered, "state"), "the state");
    assert_eq!(told(&answered, "iss"), "https://till.test");
    assert_eq!((codes(&shop).await, consents(&shop).await), (vec![BOTH.into()], vec![BOTH.into()]));

    let admin = shop.staff("admin").await;
    let entries = log(&admin, "oauth.grant_consent").await.json();
    let entry = &entries["data"][0];
    assert_eq!(entry["actor"]["id"], ada.id.to_string());
    assert_eq!(entry["actor"]["credential"]["type"], "session");
    assert_eq!(entry["target"], json!({ "type": "oauth_client", "id": app.id.to_string() }));
    assert_eq!(entry["details"], json!({ "scopes": BOTH }));
    let entries = log(&admin, "auth.sign_in").await.json();
    assert_eq!(entries["data"].as_array().unwrap().len(), 4, "{entries}");
}

async fn log(admin: &Actor, action: &str) -> Answered {
    admin.get(&format!("/v1/audit-log?action={action}")).await
}

#[tokio::test]
async fn whoever_says_no_leaves_nothing_behind_signed_in_or_not() {
    let (shop, app, mut browser, _) = at_consent().await;
    let mut stranger = Browser::new(&shop.router);
    for browser in [&mut browser, &mut stranger] {
        let page = browser.go(&app.ask(&[])).await;
        let answered = browser.decide(&page, "deny").await;
        assert_eq!((answered.status.as_u16(), sent_to(&answered).0.as_str()), (303, BACK));
        assert_eq!(told(&answered, "error"), "access_denied");
        assert_eq!(told(&answered, "state"), "the state");
        assert_eq!(told(&answered, "iss"), "https://till.test");
    }
    // A yes of somebody who is not signed in is none.
    let page = stranger.go(&app.ask(&[])).await;
    assert!(page.text.contains("<h1>Sign in</h1>"));
    assert_eq!(stranger.decide(&page, "allow").await.status, 403);
    // Nor is one from the page that asks somebody who is signed in to do it again.
    let page = browser.go(&app.ask(&[("prompt", Some("login"))])).await;
    assert!(page.text.contains("<h1>Sign in</h1>"));
    assert_eq!(browser.decide(&page, "allow").await.status, 403);
    assert_eq!((codes(&shop).await, consents(&shop).await), (vec![], vec![]));
}

#[tokio::test]
async fn an_application_that_keeps_a_secret_is_let_in_again_without_asking_for_what_it_may_already()
{
    let (shop, app, mut browser, _) = at_consent().await;
    let silent = [("prompt", Some("none"))];
    assert_eq!(told(&browser.go(&app.ask(&silent)).await, "error"), "consent_required");
    let page = browser.go(&app.ask(&[])).await;
    assert_eq!(browser.decide(&page, "allow").await.status, 303);
    for less in [BOTH, "orders:read"] {
        for prompt in [None, Some("none")] {
            let answered = browser.go(&app.ask(&[("prompt", prompt), ("scope", Some(less))])).await;
            assert_eq!(answered.status, 302, "{less} {prompt:?}");
            assert!(told(&answered, "code").starts_with("tillac_"));
            assert_eq!(told(&answered, "iss"), "https://till.test");
        }
    }
    let asked_for = browser.go(&app.ask(&[("prompt", Some("consent"))])).await;
    assert!(asked_for.text.contains("Read orders"), "{}", asked_for.text);
    // Of another application nothing is known.
    let other = App::register(&shop).await;
    assert_eq!(told(&browser.go(&other.ask(&silent)).await, "error"), "consent_required");
    assert_eq!(codes(&shop).await.len(), 5);
    let told_of = "SELECT count(*) FROM audit_log WHERE action = 'oauth.grant_consent'";
    assert_eq!(shop.count(told_of).await, 1);
}

#[tokio::test]
async fn an_application_that_anybody_can_claim_to_be_asks_each_time() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::public(&shop).await;
    let mut browser = signed_in(&shop, &app, "ada").await;
    let page = browser.go(&app.ask(&[])).await;
    assert!(told(&browser.decide(&page, "allow").await, "code").starts_with("tillac_"));
    let again = browser.go(&app.ask(&[])).await;
    assert!(again.text.contains("Read orders"), "{}", again.text);
    let silent = browser.go(&app.ask(&[("prompt", Some("none"))])).await;
    assert_eq!(told(&silent, "error"), "consent_required");
}

#[tokio::test]
async fn what_is_asked_for_beyond_an_earlier_yes_is_asked_for_and_added_to_it() {
    let shop = Shop::open().await;
    shop.staff("support").await;
    let app = App::register(&shop).await;
    let mut browser = signed_in(&shop, &app, "support").await;
    for scope in ["orders:read", "refunds:write"] {
        let page = browser.go(&app.ask(&[("scope", Some(scope))])).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert_eq!(browser.decide(&page, "allow").await.status, 303);
    }
    assert_eq!(consents(&shop).await, ["orders:read refunds:write"]);
    assert_eq!(codes(&shop).await, ["orders:read", "refunds:write"]);
}

#[tokio::test]
async fn an_application_gets_no_more_than_the_user_may_do_themselves() {
    let (shop, app, mut browser, _) = at_consent().await;
    // Left out, it is all that the application may ask for: a customer gives nobody's money back.
    let page = browser.go(&app.ask(&[("scope", None)])).await;
    assert!(!page.text.contains("Refund payments"), "{}", page.text);
    assert_eq!(browser.decide(&page, "allow").await.status, 303);
    assert_eq!((codes(&shop).await, consents(&shop).await), (vec![BOTH.into()], vec![BOTH.into()]));
    let nothing = browser.go(&app.ask(&[("scope", Some("refunds:write"))])).await;
    assert_eq!(told(&nothing, "error"), "invalid_scope");
    assert_eq!(codes(&shop).await.len(), 1);
}

#[tokio::test]
async fn nobody_agrees_to_more_than_they_were_shown() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::register_with(&shop, |client| {
        client.scopes = scopes(&[Scope::OrdersRead]);
    })
    .await;
    let mut browser = signed_in_for_all(&shop, &app).await;
    let page = browser.go(&app.ask(&[("scope", None)])).await;
    let grown = sqlx::query("UPDATE oauth_clients SET scope = 'orders:read payments:write'");
    grown.execute(&*shop.test.services.pool).await.unwrap();
    assert_eq!(browser.decide(&page, "allow").await.status, 303);
    assert_eq!(
        (codes(&shop).await, consents(&shop).await),
        (vec!["orders:read".into()], vec!["orders:read".into()])
    );
}

async fn signed_in_for_all(shop: &Shop, app: &App) -> Browser {
    let mut browser = Browser::new(&shop.router);
    let page = browser.go(&app.ask(&[("scope", None)])).await;
    assert_eq!(browser.sign_in(&page, "ada@example.com").await.status, 303);
    browser
}

#[tokio::test]
async fn a_yes_to_an_application_that_is_gone_by_then_is_to_nobody() {
    let (shop, app, mut browser, _) = at_consent().await;
    let page = browser.go(&app.ask(&[])).await;
    let gone = sqlx::query("DELETE FROM oauth_clients WHERE id = $1").bind(app.id.as_uuid());
    gone.execute(&*shop.test.services.pool).await.unwrap();
    let answered = browser.decide(&page, "allow").await;
    assert_eq!((answered.status.as_u16(), answered.header("location")), (400, ""));
}

#[tokio::test]
async fn whoever_is_to_sign_in_anew_does_so_once_and_is_not_asked_for_ever() {
    let (shop, app, mut browser, _) = at_consent().await;
    let before = browser.cookie.clone();
    let page = browser.go(&app.ask(&[("prompt", Some("login consent"))])).await;
    assert!(page.text.contains("<h1>Sign in</h1>"));
    let there = browser.sign_in(&page, "ada@example.com").await;
    assert_ne!(browser.cookie, before);
    assert!(browser.follow(&there).await.text.contains("Read orders"));
    assert_eq!(shop.count("SELECT count(*) FROM browser_sessions").await, 1);
}
