//! The pages themselves: no text becomes markup, nobody frames them, nobody keeps them, and they say so when something fails.

use till::domain::oauth::ClientName;

use super::browser::text;
use super::{App, Browser, at_consent, signed_in};
use crate::api::shop::Shop;
use crate::api::support::{Answered, get};

fn is_guarded(page: &Answered, forms: &str) {
    assert_eq!(
        page.header("content-security-policy"),
        format!(
            "default-src 'none'; style-src 'self'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
        )
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
}

#[tokio::test]
async fn every_page_is_guarded_and_leads_to_us_and_to_the_application_and_nowhere_else() {
    let (shop, app, mut browser, _) = at_consent().await;
    let forms = "'self' https://app.example";
    is_guarded(&browser.go(&app.ask(&[])).await, forms);
    let mut stranger = Browser::new(&shop.router);
    let page = stranger.go(&app.ask(&[])).await;
    is_guarded(&page, forms);
    is_guarded(&stranger.try_to_sign_in(&page, "ada@example.com", "wrong").await, forms);
    is_guarded(&stranger.go(&app.ask(&[("client_id", None)])).await, "'none'");
    let redirect = stranger.go(&app.ask(&[("scope", Some("x"))])).await;
    assert_eq!(redirect.header("cache-control"), "no-store");
    let style = get(&shop.router, "/oauth/style.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn no_name_and_no_text_becomes_markup() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let evil = "<img src=x onerror=alert(1)>\" autofocus onfocus='alert(2)' &lt;b&gt;";
    let app = App::register_with(&shop, |client| {
        client.name = ClientName::parse(evil).unwrap();
    })
    .await;
    let mut browser = Browser::new(&shop.router);
    let marked = [("state", Some("\"><script>alert(3)</script>"))];
    let page = browser.go(&app.ask(&marked)).await;
    let again = browser.try_to_sign_in(&page, "\"><svg onload=alert(4)>", "wrong").await;
    let mut ada = signed_in(&shop, &app, "ada").await;
    let consent = ada.go(&app.ask(&marked)).await;
    for page in [&page, &again, &consent] {
        for markup in ["<img", "<svg", "<script", "<b>", "\" autofocus", "onfocus='"] {
            assert!(!page.text.contains(markup), "{markup}: {}", page.text);
        }
        assert!(text(&page.text).contains(evil), "{}", page.text);
    }
    // What was typed is there again, as text.
    assert!(text(&again.text).contains("value=\"\"><svg onload=alert(4)>\""));
}

#[tokio::test]
async fn a_query_may_hold_marks_that_end_an_attribute() {
    let (_shop, app, mut browser, _) = at_consent().await;
    let address = format!("{}&x='onclick='alert(1)", app.ask(&[]));
    let page = browser.go(&address).await;
    assert!(!page.text.contains("'onclick='"), "{}", page.text);
    let answered = browser.decide(&page, "allow").await;
    assert_eq!(answered.status, 303, "{}", answered.text);
}

#[tokio::test]
async fn a_page_says_so_when_the_database_does_not_answer() {
    let (shop, app, mut browser, _) = at_consent().await;
    let page = browser.go(&app.ask(&[])).await;
    shop.test.services.pool.close().await;
    for answered in [browser.go(&app.ask(&[])).await, browser.decide(&page, "allow").await] {
        assert_eq!(answered.status, 503, "{}", answered.text);
        is_guarded(&answered, "'none'");
        assert_eq!(answered.header("retry-after"), "1");
        assert!(answered.text.contains("This does not work now"));
    }
}
