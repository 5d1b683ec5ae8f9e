//! `POST /v1/auth/refresh`: a refresh token is good once, and stealing one ends the session for both.

use serde_json::{Value, json};

use crate::api::shop::{Shop, call};
use crate::api::support::Answered;

async fn renew(shop: &Shop, token: &Value) -> Answered {
    call(&shop.router, "/v1/auth/refresh", &json!({ "refreshToken": token })).await
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_session() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let first = json!(ada.refresh_token);
    let renewed = renew(&shop, &first).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert_eq!(renewed.header("cache-control"), "no-store");
    let next = renewed.json()["refreshToken"].clone();
    assert_ne!(next, first);
    assert_eq!(ada.get("/v1/users/me").await.status, 200);

    let problem = renew(&shop, &first).await.problem(401, "token_invalid");
    assert_eq!(problem["detail"], "The refresh token is not valid.");
    renew(&shop, &next).await.problem(401, "token_invalid");
    ada.get("/v1/users/me").await.problem(401, "token_invalid");
}

#[tokio::test]
async fn what_is_no_refresh_token_is_treated_like_one_that_nobody_knows() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let unknown = format!("tillrt_{}", "A".repeat(43));
    for token in ["", "x", &unknown, &ada.token, &"x".repeat(10_000)] {
        renew(&shop, &json!(token)).await.problem(401, "token_invalid");
    }
    renew(&shop, &json!(7)).await.problem(422, "validation_failed");
}
