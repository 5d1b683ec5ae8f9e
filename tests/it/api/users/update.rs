//! `PATCH /v1/users/{id}`: role and status, by administrators, of others, in force at once.

use serde_json::json;

use crate::api::shop::Shop;

#[tokio::test]
async fn a_new_role_or_status_is_in_force_for_tokens_issued_before() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let place = format!("/v1/users/{}", ada.id);
    let promoted = admin.patch(&place, &json!({ "role": "support" })).await;
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    assert_eq!(
        json!([promoted.json()["role"], promoted.json()["status"]]),
        json!(["support", "active"])
    );
    ada.get("/v1/users/me").await.problem(401, "token_invalid");
    let ada = shop.sign_in(ada.id, "ada@example.com").await;
    let disabled = admin.patch(&place, &json!({ "status": "disabled" })).await;
    assert_eq!(disabled.json()["status"], "disabled");
    ada.get("/v1/users/me").await.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_change_from_an_old_or_a_foreign_tag_is_refused() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let place = format!("/v1/users/{}", ada.id);
    let tag = admin.get(&place).await.header("etag").to_owned();
    let own_tag = admin.get("/v1/users/me").await.header("etag").to_owned();
    let change = json!({ "role": "support" });
    admin.patch_if(&place, &own_tag, &change).await.problem(412, "precondition_failed");
    assert_eq!(admin.patch_if(&place, &tag, &change).await.status, 200);
    admin.patch_if(&place, &tag, &change).await.problem(412, "precondition_failed");
    // Access comes before conditions.
    let eve = shop.customer("eve").await;
    eve.patch_if(&place, &tag, &change).await.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn what_no_administrator_may_set_is_refused() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let place = format!("/v1/users/{}", ada.id);
    let wrong = [
        (json!({ "status": "erased" }), "/status"),
        (json!({ "role": "root" }), "/role"),
        (json!({ "role": null }), "/role"),
    ];
    for (body, pointer) in wrong {
        let problem = admin.patch(&place, &body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let name = admin.patch(&place, &json!({ "name": "Eve" })).await;
    name.problem(422, "unknown_field");
    let own = admin.patch(&format!("/v1/users/{}", admin.id), &json!({ "role": "customer" })).await;
    own.problem(403, "forbidden");
}
