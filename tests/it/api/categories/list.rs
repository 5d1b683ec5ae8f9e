//! `GET /v1/categories`: groups with something for sale, the same for everybody.

use serde_json::json;

use crate::api::products::{get_if_none_match, is_public};
use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn only_categories_with_something_for_sale_are_listed() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    shop.product("OOLONG", 1).await;
    shop.product("SENCHA", 1).await;
    let mug = shop.product("MUG", 1).await;
    let place = format!("/v1/products/{}", mug.id);
    admin.patch(&place, &json!({ "category": "kitchen" })).await;
    let listed = get(&shop.router, "/v1/categories").await;
    let both = json!([{ "name": "kitchen", "products": 1 }, { "name": "tea", "products": 2 }]);
    assert_eq!((listed.status.as_u16(), &listed.json()["data"]), (200, &both));
    is_public(&listed);

    let tag = listed.header("etag");
    assert_eq!(get_if_none_match(&shop, "/v1/categories", tag).await.status, 304);
    admin.delete(&place).await;
    let changed = get_if_none_match(&shop, "/v1/categories", tag).await;
    assert_eq!(changed.json()["data"], json!([{ "name": "tea", "products": 2 }]));
}
