//! Nobody sends a form in somebody else's name: each is for one browser, one request and one hour.

use time::Duration;

use super::browser::{Form, ORIGIN};
use super::{App, Browser, at_consent, codes, consents, signed_in, told};
use crate::api::support::Answered;

fn is_refused(answered: &Answered) {
    assert_eq!((answered.status.as_u16(), answered.header("location")), (403, ""));
    assert!(answered.text.contains("This form is not good any more"), "{}", answered.text);
    assert_eq!(answered.header("set-cookie"), "");
}

#[tokio::test]
async fn a_yes_that_our_page_did_not_show_to_this_browser_for_this_request_is_none() {
    let (shop, app, mut ada, _) = at_consent().await;
    shop.customer("eve").await;
    let mut eve = signed_in(&shop, &app, "eve").await;
    let page = ada.go(&app.ask(&[])).await;
    let good = Form::of(&page, "/oauth/authorize").with("decision", "allow");
    let other_request = ada.go(&app.ask(&[("scope", Some("orders:read"))])).await;
    let narrow = Form::of(&other_request, "/oauth/authorize");
    let narrow = narrow.fields.iter().find(|(name, _)| name == "form").unwrap().1.clone();
    let sign_out = Form::of(&page, "/oauth/sign-out");
    let sign_out = sign_out.fields.iter().find(|(name, _)| name == "form").unwrap().1.clone();
    let evil = app.ask(&[("scope", Some("orders:read orders:write refunds:write"))]);
    let evil = evil.split_once('?').unwrap().1;
    let token = &good.fields.iter().find(|(name, _)| name == "form").unwrap().1;
    let (time, tag) = token.split_once('.').unwrap();
    let later = format!("{}.{tag}", time.parse::<i64>().unwrap() + 1);
    for forged in [
        good.clone().without("form"),
        good.clone().without("request"),
        good.clone().with("form", ""),
        good.clone().with("form", tag),
        good.clone().with("form", &narrow),
        good.clone().with("form", &sign_out),
        good.clone().with("form", &later),
        good.clone().with("form", &format!("{token}A")),
        good.clone().with("request", evil),
        good.clone().with("decision", "maybe"),
        good.clone().without("decision"),
    ] {
        is_refused(&ada.send(&forged).await);
    }
    // Somebody else's browser, with a form that was shown to Ada: neither hers nor theirs.
    is_refused(&eve.send(&good).await);
    let mut nobody = Browser::new(&shop.router);
    is_refused(&nobody.send(&good).await);
    assert_eq!((codes(&shop).await, consents(&shop).await), (vec![], vec![]));
    assert!(told(&ada.send(&good).await, "code").starts_with("tillac_"));
}

#[tokio::test]
async fn nobody_is_signed_in_as_somebody_else_by_a_form_of_another_page() {
    let (shop, app, _, _) = at_consent().await;
    shop.customer("eve").await;
    // Eve has a form of her own, and makes Ada's browser send it with Eve's password.
    let mut eve = Browser::new(&shop.router);
    let page = eve.go(&app.ask(&[])).await;
    let trap = Form::of(&page, "/oauth/sign-in").with("email", "eve@example.com");
    let trap = trap.with("password", crate::api::shop::PASSWORD);
    let mut ada = Browser::new(&shop.router);
    is_refused(&ada.send(&trap).await);
    ada.go(&app.ask(&[])).await;
    is_refused(&ada.send(&trap).await);
    assert!(ada.go(&app.ask(&[])).await.text.contains("<h1>Sign in</h1>"));
    assert_eq!(eve.send(&trap).await.status, 303);
}

#[tokio::test]
async fn a_form_from_another_origin_is_refused_and_one_that_names_none_is_held_against_its_token() {
    let (shop, app, mut ada, _) = at_consent().await;
    let page = ada.go(&app.ask(&[])).await;
    for action in ["/oauth/authorize", "/oauth/sign-out"] {
        let form = Form::of(&page, action).with("decision", "allow");
        for foreign in [
            "null",
            "",
            "https://evil.example",
            "https://app.example",
            "http://till.test",
            "https://till.test:8443",
            "https://till.test.evil.example",
        ] {
            is_refused(&ada.send_with(&form, &[("origin", foreign)]).await);
        }
        is_refused(&ada.send_with(&form, &[("origin", ORIGIN), ("origin", "null")]).await);
    }
    assert_eq!(codes(&shop).await, [""; 0]);
    let form = Form::of(&page, "/oauth/authorize").with("decision", "allow");
    assert!(told(&ada.send_with(&form, &[]).await, "code").starts_with("tillac_"));
}

#[tokio::test]
async fn a_body_that_no_form_sends_is_none() {
    let (_shop, app, mut ada, _) = at_consent().await;
    let page = ada.go(&app.ask(&[])).await;
    let form = Form::of(&page, "/oauth/authorize").with("decision", "allow");
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", ""] {
        let answered = ada.send_with(&form, &[("content-type", kind)]).await;
        assert_eq!(answered.status, 415, "{kind}");
        assert!(answered.header("content-type").starts_with("text/html"));
    }
    let twice = Form { fields: [form.fields.clone(), form.fields.clone()].concat(), ..form };
    is_refused(&ada.send(&twice).await);
}

#[tokio::test]
async fn a_form_that_stood_open_for_too_long_is_shown_anew() {
    let (shop, app, mut ada, _) = at_consent().await;
    let page = ada.go(&app.ask(&[])).await;
    let mut stranger = Browser::new(&shop.router);
    let sign_in = stranger.go(&app.ask(&[])).await;
    shop.test.clock.advance(Duration::HOUR + Duration::SECOND);
    for answered in [
        ada.decide(&page, "allow").await,
        ada.decide(&page, "deny").await,
        stranger.sign_in(&sign_in, "ada@example.com").await,
    ] {
        assert_eq!((answered.status.as_u16(), answered.header("set-cookie")), (303, ""));
        let anew = stranger.follow(&answered).await;
        assert!(anew.text.contains("<h1>Sign in</h1>"));
        assert_eq!(stranger.sign_in(&anew, "ada@example.com").await.status, 303);
        stranger = Browser::new(&shop.router);
    }
    assert_eq!(codes(&shop).await, [""; 0]);
}

#[tokio::test]
async fn a_form_that_is_sent_again_does_nothing_once_its_browser_is_signed_out() {
    let (shop, app, mut ada, _) = at_consent().await;
    let page = ada.go(&app.ask(&[])).await;
    let allow = Form::of(&page, "/oauth/authorize").with("decision", "allow");
    let kept = ada.cookie.clone();
    // A second click is a second code, each good once.
    let first = told(&ada.send(&allow).await, "code");
    assert_ne!(told(&ada.send(&allow).await, "code"), first);
    let out = ada.send(&Form::of(&page, "/oauth/sign-out")).await;
    assert_eq!((out.status.as_u16(), ada.cookie.as_ref()), (303, None));
    is_refused(&ada.send(&allow).await);
    // Also where somebody kept the cookie.
    ada.cookie = kept;
    let answered = ada.send(&allow).await;
    assert!(ada.follow(&answered).await.text.contains("<h1>Sign in</h1>"));
    assert_eq!(codes(&shop).await.len(), 2);
}

#[tokio::test]
async fn signing_in_and_out_takes_a_form() {
    let (shop, _, mut ada, _) = at_consent().await;
    for path in ["/oauth/sign-in", "/oauth/sign-out"] {
        let answered = ada.go(path).await;
        assert_eq!((answered.status.as_u16(), answered.header("allow")), (405, "POST"));
        assert!(answered.header("content-type").starts_with("text/html"));
    }
    assert_eq!(shop.count("SELECT count(*) FROM browser_sessions").await, 1);
    let app = App::register(&shop).await;
    assert!(ada.go(&app.ask(&[])).await.text.contains("ada@example.com"));
}
