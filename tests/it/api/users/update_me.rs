//! `PATCH /v1/users/me`: what people change about themselves, and only from what they saw.

use serde_json::{Value, json};

use crate::api::shop::{PASSWORD, Shop, call};

const ME: &str = "/v1/users/me";

#[tokio::test]
async fn absent_null_and_a_value_are_three_different_things() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let change = json!({ "name": "Ada King", "defaultPaymentMethod": "pm_ok" });
    let changed = ada.patch(ME, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json(), ada.get(ME).await.json());
    let named = ada.patch(ME, &json!({ "name": "Ada Lovelace" })).await.json();
    assert_eq!(
        json!([named["name"], named["defaultPaymentMethod"]]),
        json!(["Ada Lovelace", "pm_ok"])
    );
    let cleared = ada.patch(ME, &json!({ "defaultPaymentMethod": null })).await.json();
    assert_eq!(
        json!([cleared["name"], cleared["defaultPaymentMethod"]]),
        json!(["Ada Lovelace", null])
    );
    let problem = ada.patch(ME, &json!({ "name": null })).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/name");
}

#[tokio::test]
async fn a_change_from_an_old_tag_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let tag = ada.get(ME).await.header("etag").to_owned();
    let first = ada.patch_if(ME, &tag, &json!({ "name": "First" })).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_ne!(first.header("etag"), tag);
    let late = json!({ "name": "Late" });
    ada.patch_if(ME, &tag, &late).await.problem(412, "precondition_failed");
    let weak = format!("W/{}", first.header("etag"));
    ada.patch_if(ME, &weak, &late).await.problem(412, "precondition_failed");
    ada.patch_if(ME, "7", &late).await.problem(400, "invalid_header");
    assert_eq!(ada.get(ME).await.json()["name"], "First");
    assert_eq!(ada.patch_if(ME, "*", &late).await.json()["name"], "Late");
}

#[tokio::test]
async fn a_change_that_changes_nothing_keeps_the_tag() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let before = ada.get(ME).await;
    for change in [json!({}), json!({ "name": "ada" })] {
        let after = ada.patch(ME, &change).await;
        assert_eq!((after.header("etag"), after.json()), (before.header("etag"), before.json()));
    }
}

#[tokio::test]
async fn a_new_password_needs_the_current_one_and_ends_every_session() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let new = "an even better one";
    let refused = async |body: Value| ada.patch(ME, &body).await.problem(422, "validation_failed");
    let pointer = |problem: &Value| problem["errors"][0]["pointer"].clone();
    assert_eq!(pointer(&refused(json!({ "password": new })).await), "/currentPassword");
    assert_eq!(pointer(&refused(json!({ "currentPassword": PASSWORD })).await), "/password");
    let wrong = json!({ "password": new, "currentPassword": "not the password" });
    assert_eq!(pointer(&refused(wrong).await), "/currentPassword");

    let change = json!({ "password": new, "currentPassword": PASSWORD });
    let changed = ada.patch(ME, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    ada.get(ME).await.problem(401, "token_invalid");
    let old = json!({ "email": "ada@example.com", "password": PASSWORD });
    call(&shop.router, "/v1/auth/token", &old).await.problem(401, "invalid_credentials");
    let renewed = json!({ "email": "ada@example.com", "password": new });
    assert_eq!(call(&shop.router, "/v1/auth/token", &renewed).await.status, 200);
}
