//! `DELETE /v1/products/{id}`: out of sale, and back again by a change.

use axum::http::Method;
use serde_json::json;

use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn an_archived_product_is_out_of_sale_until_it_is_put_back() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let mug = shop.product("MUG", 5).await;
    let place = format!("/v1/products/{}", mug.id);
    for _ in 0..2 {
        let archived = admin.delete(&place).await;
        assert_eq!((archived.status.as_u16(), archived.text.as_str()), (204, ""));
    }
    get(&shop.router, &place).await.problem(404, "not_found");
    assert_eq!(get(&shop.router, "/v1/products").await.json()["data"], json!([]));
    let wish = json!({ "items": [{ "productId": mug.id.to_string(), "quantity": 1 }] });
    ada.post("/v1/orders", "k1", &wish).await.problem(422, "validation_failed");

    assert_eq!(admin.patch(&place, &json!({ "active": true })).await.status, 200);
    assert_eq!(get(&shop.router, &place).await.status, 200);
    assert_eq!(ada.post("/v1/orders", "k2", &wish).await.status, 201);
}

#[tokio::test]
async fn archiving_from_an_old_tag_is_refused() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let tag = get(&shop.router, &place).await.header("etag").to_owned();
    admin.patch(&place, &json!({ "name": "Big mug" })).await;
    let headers = [("if-match", tag.as_bytes())];
    let late = admin.send(Method::DELETE, &place, &headers, "").await;
    late.problem(412, "precondition_failed");
    assert_eq!(get(&shop.router, &place).await.status, 200);
    let absent = admin.delete("/v1/products/01890a5d-ac96-774b-bcce-b302099a9001").await;
    absent.problem(404, "not_found");
}
