//! `POST /v1/auth/token`: signing in tells nobody which half was wrong, and its answer is stored by nobody.

use serde_json::json;

use crate::api::shop::{Actor, PASSWORD, Shop, call};

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let attempt = async |email: &str, password: &str| {
        let credentials = json!({ "email": email, "password": password });
        let answered = call(&shop.router, "/v1/auth/token", &credentials).await;
        assert_eq!(answered.header("www-authenticate"), "Bearer realm=\"till\"");
        let mut body = answered.problem(401, "invalid_credentials");
        body["requestId"] = json!("");
        body
    };
    let wrong = attempt("ada@example.com", "not the password").await;
    assert_eq!(wrong, attempt("eve@example.com", PASSWORD).await);
    assert_eq!(wrong, attempt("no address", &"x".repeat(100_000)).await);
}

#[tokio::test]
async fn tokens_are_stored_by_nobody_and_expire_after_ten_minutes() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let credentials = json!({ "email": "Ada@Example.com", "password": PASSWORD });
    let answered = call(&shop.router, "/v1/auth/token", &credentials).await;
    assert_eq!(answered.header("cache-control"), "no-store");
    assert_eq!(answered.json()["expiresIn"], 600);
    assert_eq!(answered.json()["tokenType"], "Bearer");
    assert_eq!(ada.get("/v1/users/me").await.status, 200);
    shop.test.clock.advance(time::Duration::minutes(11));
    let expired = ada.get("/v1/users/me").await;
    expired.problem(401, "token_expired");
    assert!(expired.header("www-authenticate").contains("error=\"invalid_token\""));
}

#[tokio::test]
async fn the_right_password_is_right_while_the_role_of_its_account_changes() {
    let shop = Shop::open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let path = format!("/v1/users/{}", ada.id);
    let (support, customer) = (json!({ "role": "support" }), json!({ "role": "customer" }));
    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    let sign_in = call(&shop.router, "/v1/auth/token", &credentials);
    let (changed, signed_in) = shop.beside(admin.patch(&path, &support), sign_in).await;
    assert_eq!((changed.status.as_u16(), signed_in.status.as_u16()), (200, 200));
    let scope = signed_in.json()["scope"].to_string();
    assert!(scope.contains("refunds:write"), "as it is now: {scope}");

    let ada = Actor::of(&shop.router, ada.id, &signed_in);
    let change = json!({ "currentPassword": PASSWORD, "password": "another long one" });
    let new_password = ada.patch("/v1/users/me", &change);
    let (changed, new_password) = shop.beside(admin.patch(&path, &customer), new_password).await;
    assert_eq!((changed.status.as_u16(), new_password.status.as_u16()), (200, 200));
}

#[tokio::test]
async fn a_password_that_is_replaced_while_it_is_checked_signs_nobody_in() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    let change = json!({ "currentPassword": PASSWORD, "password": "another long one" });
    let sign_in = call(&shop.router, "/v1/auth/token", &credentials);
    let (changed, signed_in) = shop.beside(ada.patch("/v1/users/me", &change), sign_in).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    signed_in.problem(401, "invalid_credentials");
}
