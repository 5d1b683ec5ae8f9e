//! `GET /v1/users/{id}` and `/v1/users/me`: oneself, or anybody for an administrator.

use crate::api::shop::Shop;

#[tokio::test]
async fn a_user_is_there_for_themselves_and_administrators_and_for_nobody_else() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let (admin, support) = (shop.staff("admin").await, shop.staff("support").await);
    let place = format!("/v1/users/{}", ada.id);

    let own = ada.get(&place).await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!(own.json()["email"], "ada@example.com");
    assert_eq!(ada.get("/v1/users/me").await.json(), own.json());
    assert_eq!(admin.get(&place).await.json(), own.json());
    let hidden = eve.get(&place).await.problem(404, "not_found");
    let absent = eve.get("/v1/users/01890a5d-ac96-774b-bcce-b302099a8003").await;
    assert_eq!(absent.problem(404, "not_found")["detail"], hidden["detail"]);
    support.get(&place).await.problem(404, "not_found");
}

#[tokio::test]
async fn personal_data_is_stored_by_nobody_and_has_a_tag() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let own = ada.get(&format!("/v1/users/{}", ada.id)).await;
    let me = ada.get("/v1/users/me").await;
    for read in [&own, &me] {
        assert_eq!(read.header("cache-control"), "private, no-store");
        assert_eq!(read.header("content-type"), "application/json");
    }
    assert!(own.header("etag").starts_with('"'), "a strong tag: {}", own.header("etag"));
    assert_eq!(own.header("etag"), me.header("etag"));
}
