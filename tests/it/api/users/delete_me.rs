//! `DELETE /v1/users/me`: personal data goes, the financial record stays.

use serde_json::json;

use crate::api::shop::{PASSWORD, Shop, call};

#[tokio::test]
async fn an_erased_account_is_signed_out_nameless_and_its_orders_stay() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let erased = ada.delete("/v1/users/me").await;
    assert_eq!((erased.status.as_u16(), erased.text.as_str()), (204, ""));
    ada.get("/v1/users/me").await.problem(401, "token_invalid");
    ada.delete("/v1/users/me").await.problem(401, "token_invalid");
    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    call(&shop.router, "/v1/auth/token", &credentials).await.problem(401, "invalid_credentials");
    let renewal = json!({ "refreshToken": ada.refresh_token });
    call(&shop.router, "/v1/auth/refresh", &renewal).await.problem(401, "token_invalid");

    let left = admin.get(&format!("/v1/users/{}", ada.id)).await;
    assert_eq!(left.json()["status"], "erased");
    assert!(!left.text.contains("ada"), "{}", left.text);
    let kept = admin.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap())).await;
    assert_eq!(kept.json()["customerId"], ada.id.to_string());
    let back = admin.patch(&format!("/v1/users/{}", ada.id), &json!({ "status": "active" })).await;
    back.problem(404, "not_found");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let problem = admin.delete("/v1/users/me").await.problem(403, "forbidden");
    assert_eq!(problem["detail"], "One administrator must remain.");
    assert_eq!(admin.get("/v1/users/me").await.status, 200);
}
