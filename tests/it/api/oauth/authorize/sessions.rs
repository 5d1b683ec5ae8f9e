//! Who is signed in at a browser, for how long, and that nobody can be made to be.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use till::config::RateLimits;
use till::service::audit::flush_refused;
use time::Duration;

use super::browser::Form;
use super::{App, Browser, at_consent};
use crate::api::rate_limits::rate;
use crate::api::shop::{PASSWORD, Shop, call};
use crate::api::support::{get, router_under, send};

const SIGN_IN: &str = "<h1>Sign in</h1>";

#[tokio::test]
async fn whoever_signs_in_gets_another_cookie_than_they_came_with() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::register(&shop).await;
    let mut ada = Browser::new(&shop.router);
    let page = ada.go(&app.ask(&[])).await;
    let before = ada.cookie.clone().unwrap();
    assert!(before.starts_with("__Host-till-browser=tillbs_"));
    // A browser that is known gets no other one.
    assert_eq!(ada.go(&app.ask(&[])).await.header("set-cookie"), "");
    assert_eq!(ada.sign_in(&page, "ada@example.com").await.status, 303);
    let after = ada.cookie.clone().unwrap();
    assert_ne!(before, after);
    // Whoever planted the first one is not signed in by it.
    let mut eve = Browser::new(&shop.router);
    eve.cookie = Some(before);
    assert!(eve.go(&app.ask(&[])).await.text.contains(SIGN_IN));
    assert!(ada.go(&app.ask(&[])).await.text.contains("ada@example.com"));

    let kept: Vec<String> =
        sqlx::query_scalar("SELECT row_to_json(b)::text FROM browser_sessions b")
            .fetch_all(&*shop.test.services.pool)
            .await
            .unwrap();
    let token = after.split_once('=').unwrap().1;
    assert!(kept.len() == 1 && !kept[0].contains(token), "{kept:?}");
    // It is good for these pages and for nothing else.
    let request = Request::get("/v1/users/me")
        .header("authorization", format!("Bearer {token}"))
        .header("cookie", after);
    let answered = send(&shop.router, request.body(Body::empty()).unwrap()).await;
    answered.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_cookie_that_somebody_made_up_or_sends_twice_is_nobodys() {
    let (shop, app, ada, _) = at_consent().await;
    let good = ada.cookie.unwrap();
    let mut browser = Browser::new(&shop.router);
    let made_up = format!("__Host-till-browser=tillbs_{}", "A".repeat(43));
    for cookie in [
        made_up.clone(),
        format!("{good}A"),
        good.replace("__Host-", ""),
        format!("{good}; {made_up}"),
        format!("{good}; {good}"),
    ] {
        browser.cookie = Some(cookie.clone());
        assert!(browser.go(&app.ask(&[])).await.text.contains(SIGN_IN), "{cookie}");
    }
    browser.cookie = Some(format!("theme=dark; {good}; a=b"));
    assert!(browser.go(&app.ask(&[])).await.text.contains("ada@example.com"));
}

#[tokio::test]
async fn a7_an_unknown_address_and_a_wrong_password_get_the_same_page() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let app = App::register(&shop).await;
    let mut browser = Browser::new(&shop.router);
    let page = browser.go(&app.ask(&[])).await;
    let mut seen = Vec::new();
    for (email, password) in [
        ("ada@example.com", "not the password"),
        ("eve@example.com", PASSWORD),
        ("no address", "x"),
        ("", ""),
    ] {
        let again = browser.try_to_sign_in(&page, email, password).await;
        assert_eq!(again.status, 403);
        assert!(again.text.contains("role=\"alert\">E-mail address or password is wrong."));
        assert!(again.text.contains("aria-describedby=\"message\" aria-invalid=\"true\""));
        assert!(!again.text.contains(password) || password.is_empty() || password == "x");
        seen.push(again.text.replace(&format!("value=\"{email}\""), "value=\"\""));
    }
    assert!(seen.iter().all(|page| *page == seen[0]), "{seen:?}");
    // Told by number, as everywhere.
    flush_refused(&shop.test.services).await.unwrap();
    let times: i64 = sqlx::query_scalar(
        "SELECT (details ->> 'times')::bigint FROM audit_log WHERE action = 'auth.refuse_sign_in' AND target_id = $1",
    )
    .bind(ada.id.to_string())
    .fetch_one(&*shop.test.services.pool)
    .await
    .unwrap();
    assert_eq!(times, 1);
    // The form that was shown again works.
    let again = browser.try_to_sign_in(&page, "ada@example.com", "wrong").await;
    assert_eq!(browser.sign_in(&again, "ada@example.com").await.status, 303);
}

#[tokio::test]
async fn a8_guesses_at_this_page_count_as_they_do_at_the_api() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::register(&shop).await;
    let strict = RateLimits { login: rate("sliding_window:3/60s"), ..RateLimits::default() };
    let router = router_under(&shop.test, shop.test.limits_of(strict));
    let mut browser = Browser::new(&router);
    let page = browser.go(&app.ask(&[])).await;
    for _ in 0..2 {
        assert_eq!(browser.try_to_sign_in(&page, "ada@example.com", "wrong").await.status, 403);
    }
    let credentials = json!({ "email": "ada@example.com", "password": "wrong" });
    call(&router, "/v1/auth/token", &credentials).await.problem(401, "invalid_credentials");
    let refused = browser.sign_in(&page, "ada@example.com").await;
    assert_eq!(refused.status, 429);
    assert_ne!(refused.header("retry-after"), "");
    assert!(refused.header("content-type").starts_with("text/html"));
    assert!(refused.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(refused.text.contains("tried too often"), "{}", refused.text);
}

#[tokio::test]
async fn a8_an_account_that_is_tried_from_many_addresses_is_told_so_on_the_page() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let app = App::register(&shop).await;
    let strict = RateLimits { login: rate("sliding_window:3/60s"), ..RateLimits::default() };
    let router = router_under(&shop.test, shop.test.limits_of(strict));
    let mut browser = Browser::new(&router);
    let page = browser.go(&app.ask(&[])).await;
    let mut last = None;
    for n in 1..=4 {
        browser.address = Some(format!("192.0.2.{n}"));
        last = Some(browser.try_to_sign_in(&page, "ada@example.com", "wrong").await);
    }
    let refused = last.unwrap();
    assert_eq!(refused.status, 429);
    assert!(refused.text.contains("role=\"alert\">That was tried too often. Try again in "));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(refused.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn a3_whoever_is_signed_out_disabled_or_has_another_password_is_signed_out_here_as_well() {
    let (shop, app, mut browser, ada) = at_consent().await;
    let there = app.ask(&[]);
    let change = json!({ "currentPassword": PASSWORD, "password": "another long one" });
    assert_eq!(ada.patch("/v1/users/me", &change).await.status, 200);
    assert!(browser.go(&there).await.text.contains(SIGN_IN));

    let sam = shop.customer("sam").await;
    let mut browser = super::signed_in(&shop, &app, "sam").await;
    let page = browser.go(&there).await;
    assert!(page.text.contains("sam@example.com"));
    let admin = shop.staff("admin").await;
    let user = format!("/v1/users/{}", sam.id);
    let disabled = admin.patch(&user, &json!({ "status": "disabled" })).await;
    assert_eq!(disabled.status, 200, "{}", disabled.text);
    let answered = browser.decide(&page, "allow").await;
    assert!(browser.follow(&answered).await.text.contains(SIGN_IN));
    assert_eq!(super::codes(&shop).await, [""; 0]);
}

#[tokio::test]
async fn a3_whoever_may_not_sign_in_or_whose_access_changed_is_nobody_here_whatever_is_left_of_a_session()
 {
    let (shop, app, mut browser, ada) = at_consent().await;
    let page = browser.go(&app.ask(&[])).await;
    for (change, back) in [
        ("UPDATE users SET status = 'disabled'", "UPDATE users SET status = 'active'"),
        (
            "UPDATE users SET access_epoch = access_epoch + 1",
            "UPDATE users SET access_epoch = access_epoch - 1",
        ),
    ] {
        assert!(browser.go(&app.ask(&[])).await.text.contains("ada@example.com"), "{change}");
        let pool = &*shop.test.services.pool;
        sqlx::query(change).execute(pool).await.unwrap();
        assert!(browser.go(&app.ask(&[])).await.text.contains(SIGN_IN), "{change}");
        let answered = browser.decide(&page, "allow").await;
        assert!(browser.follow(&answered).await.text.contains(SIGN_IN), "{change}");
        sqlx::query(back).execute(pool).await.unwrap();
    }
    assert_eq!(super::codes(&shop).await, [""; 0]);
    assert_eq!(ada.get("/v1/orders").await.status, 200);
}

#[tokio::test]
async fn a3_whoever_signs_out_everywhere_is_signed_out_here_as_well() {
    let (_shop, app, mut browser, ada) = at_consent().await;
    assert!(browser.go(&app.ask(&[])).await.text.contains("ada@example.com"));
    assert_eq!(ada.post_empty("/v1/auth/revoke-all", "k").await.status, 204);
    assert!(browser.go(&app.ask(&[])).await.text.contains(SIGN_IN));
}

#[tokio::test]
async fn nobody_stays_signed_in_for_longer_than_an_hour() {
    let (shop, app, mut browser, _) = at_consent().await;
    shop.test.clock.advance(Duration::HOUR - Duration::SECOND);
    assert!(browser.go(&app.ask(&[])).await.text.contains("ada@example.com"));
    shop.test.clock.advance(Duration::SECOND);
    assert!(browser.go(&app.ask(&[])).await.text.contains(SIGN_IN));
}

#[tokio::test]
async fn somebody_else_can_sign_in_at_the_same_browser() {
    let (shop, app, mut browser, _) = at_consent().await;
    shop.customer("bob").await;
    let page = browser.go(&app.ask(&[])).await;
    let out = browser.send(&Form::of(&page, "/oauth/sign-out")).await;
    let page = browser.follow(&out).await;
    assert!(page.text.contains(SIGN_IN));
    let there = browser.sign_in(&page, "bob@example.com").await;
    assert!(browser.follow(&there).await.text.contains("bob@example.com"));
    assert_eq!(shop.count("SELECT count(*) FROM browser_sessions").await, 1);
    let signed_out = "SELECT count(*) FROM audit_log WHERE action = 'auth.sign_out'";
    assert_eq!(shop.count(signed_out).await, 1);
    assert_eq!(get(&shop.router, "/oauth/style.css").await.status, 200);
}
