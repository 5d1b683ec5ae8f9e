//! What an application may ask for: nobody is sent to an address that is not its own, and whatever else is wrong it is told.

use till::domain::oauth::{GrantType, RedirectUri};

use super::{App, BACK, Browser, codes, sent_to, signed_in, told};
use crate::api::shop::Shop;

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_the_application_was_not_registered_with() {
    let shop = Shop::open().await;
    let app = App::register(&shop).await;
    let mut browser = Browser::new(&shop.router);
    for evil in [
        "https://evil.example/back",
        "https://app.example/back/",
        "https://app.example/back/more",
        "https://app.example/bac",
        "https://app.example/back?more=1",
        "https://app.example/back?",
        "https://app.example/back#part",
        "https://app.example/../back",
        "https://app.example/x/../back",
        "https://app.example/%62ack",
        "https://app.example//back",
        "https://APP.example/back",
        "HTTPS://app.example/back",
        "http://app.example/back",
        "https://app.example:443/back",
        "https://app.example:8443/back",
        "https://app.example.evil.example/back",
        "https://evil.example/https://app.example/back",
        "https://app.example@evil.example/back",
        "https://user@app.example/back",
        "https://app.example\\@evil.example/back",
        "https://app.example/back\r\nSet-Cookie: a=b",
        " https://app.example/back",
        "https://app.example/back ",
        "//app.example/back",
        "/back",
        "javascript:alert(1)",
    ] {
        let page = browser.go(&app.ask(&[("redirect_uri", Some(evil))])).await;
        assert_eq!(page.status, 400, "{evil}");
        assert_eq!(page.header("location"), "", "{evil}");
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.text.contains("<h1>Unknown address</h1>") && !page.text.contains("evil"));
    }
}

#[tokio::test]
async fn nobody_is_sent_anywhere_by_an_application_that_is_not_known() {
    let shop = Shop::open().await;
    let app = App::register(&shop).await;
    let mut browser = Browser::new(&shop.router);
    let upper = app.id.to_string().to_uppercase();
    for unknown in
        [None, Some(""), Some("01890a5d-ac96-774b-bcce-b302099a9001"), Some("till"), Some(&upper)]
    {
        let page = browser.go(&app.ask(&[("client_id", unknown)])).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (400, ""), "{unknown:?}");
        assert!(page.text.contains("<h1>Unknown application</h1>"), "{}", page.text);
    }
    // Which of two counts is not guessed at.
    let id = app.id.to_string();
    for twice in [format!("&client_id={id}"), "&redirect_uri=https://app.example/back".to_owned()] {
        let page = browser.go(&format!("{}{twice}", app.ask(&[]))).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (400, ""), "{twice}");
    }
    for broken in ["/oauth/authorize?client_id=%ff", "/oauth/authorize?%"] {
        let page = browser.go(broken).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (400, ""), "{broken}");
    }
}

#[tokio::test]
async fn whatever_else_is_wrong_is_told_to_the_application() {
    let shop = Shop::open().await;
    let app = App::register(&shop).await;
    let mut browser = Browser::new(&shop.router);
    for (name, value, error) in [
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", Some("code id_token"), "unsupported_response_type"),
        ("response_mode", Some("fragment"), "invalid_request"),
        ("scope", Some("orders:read payments:read"), "invalid_scope"),
        ("scope", Some("orders:all"), "invalid_scope"),
        ("scope", Some("orders:read  orders:write"), "invalid_scope"),
        ("prompt", Some("none login"), "invalid_request"),
        ("prompt", Some("now"), "invalid_request"),
        ("prompt", Some("none"), "login_required"),
        // Without S256 whoever sees the code could use it (RFC 9700 §2.1.1).
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some(""), "invalid_request"),
        ("code_challenge", Some("too short"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", Some("s256"), "invalid_request"),
    ] {
        let answered = browser.go(&app.ask(&[(name, value)])).await;
        assert_eq!(answered.status, 302, "{name}={value:?}");
        assert_eq!(sent_to(&answered).0, BACK);
        assert_eq!(told(&answered, "error"), error, "{name}={value:?}");
        assert_eq!(told(&answered, "state"), "the state");
        assert_eq!(told(&answered, "iss"), "https://till.test");
        assert!(!told(&answered, "error_description").is_empty());
        assert_eq!(told(&answered, "code"), "");
    }
}

#[tokio::test]
async fn a_parameter_that_stands_there_twice_is_refused_and_one_that_is_not_known_passed_over() {
    let shop = Shop::open().await;
    let app = App::register(&shop).await;
    let mut browser = Browser::new(&shop.router);
    for twice in ["scope=orders:read", "state=x", "response_type=code", "code_challenge=x"] {
        let answered = browser.go(&format!("{}&{twice}", app.ask(&[]))).await;
        assert_eq!(told(&answered, "error"), "invalid_request", "{twice}");
        let state = if twice.starts_with("state") { "" } else { "the state" };
        assert_eq!(told(&answered, "state"), state);
    }
    let unknown = browser.go(&format!("{}&nonce=1&nonce=2&resource=x", app.ask(&[]))).await;
    assert_eq!(unknown.status, 200, "{}", unknown.text);
}

#[tokio::test]
async fn an_application_that_was_not_registered_for_codes_gets_none() {
    let shop = Shop::open().await;
    let app = App::register_with(&shop, |client| {
        client.grants = vec![GrantType::ClientCredentials];
    })
    .await;
    let answered = Browser::new(&shop.router).go(&app.ask(&[])).await;
    assert_eq!(told(&answered, "error"), "unauthorized_client");
}

#[tokio::test]
async fn an_application_with_one_address_may_leave_it_out_and_one_with_two_may_not() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::register(&shop).await;
    let mut browser = signed_in(&shop, &app, "ada").await;
    let page = browser.go(&app.ask(&[("redirect_uri", None)])).await;
    let answered = browser.decide(&page, "allow").await;
    assert_eq!(sent_to(&answered).0, BACK);
    let given: bool = sqlx::query_scalar("SELECT redirect_uri_given FROM oauth_codes")
        .fetch_one(&*shop.test.services.pool)
        .await
        .unwrap();
    assert!(!given);

    let two = App::register_with(&shop, |client| {
        client.redirect_uris.push(RedirectUri::parse("https://app.example/other").unwrap());
    })
    .await;
    assert_eq!(browser.go(&two.ask(&[("redirect_uri", None)])).await.status, 400);
    assert_eq!(browser.go(&two.ask(&[("redirect_uri", Some(""))])).await.status, 400);
}

#[tokio::test]
async fn an_application_on_the_same_machine_chooses_its_port() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::register_with(&shop, |client| {
        client.redirect_uris = vec![RedirectUri::parse("http://127.0.0.1/back").unwrap()];
    })
    .await;
    let mut browser = Browser::new(&shop.router);
    let here = [("redirect_uri", Some("http://127.0.0.1:49152/back"))];
    let page = browser.go(&app.ask(&here)).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:49152;"), "{policy}");
    let there = browser.sign_in(&page, "ada@example.com").await;
    let page = browser.follow(&there).await;
    let answered = browser.decide(&page, "allow").await;
    assert_eq!(sent_to(&answered).0, "http://127.0.0.1:49152/back");
    for wrong in ["http://127.0.0.1:49152/other", "http://localhost:49152/back"] {
        assert_eq!(browser.go(&app.ask(&[("redirect_uri", Some(wrong))])).await.status, 400);
    }
}

#[tokio::test]
async fn a_state_comes_back_as_it_was_and_becomes_neither_header_nor_parameter() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::register(&shop).await;
    let mut browser = signed_in(&shop, &app, "ada").await;
    for state in [
        "x&code=evil&iss=evil",
        "x\r\nSet-Cookie: evil=1\r\n\r\n<html>",
        "\"><script>alert(1)</script>",
        "+ %2B%20 é 日本 \u{202e} #?/",
        "\u{0}\t",
    ] {
        let page = browser.go(&app.ask(&[("state", Some(state))])).await;
        assert!(!page.text.contains("<script"));
        let answered = browser.decide(&page, "deny").await;
        assert_eq!(told(&answered, "state"), state);
        assert_eq!(
            (told(&answered, "code"), told(&answered, "error")),
            (String::new(), "access_denied".to_owned())
        );
        let cookies = answered.headers.get_all("set-cookie").iter().count();
        assert_eq!(cookies, 0, "{:?}", answered.headers);
        assert!(answered.header("location").bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let without = browser.go(&app.ask(&[("state", None)])).await;
    let (_, pairs) = sent_to(&browser.decide(&without, "deny").await);
    assert!(!pairs.iter().any(|(name, _)| name == "state"));
    assert_eq!(codes(&shop).await, [""; 0]);
}
