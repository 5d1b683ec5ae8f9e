//! `GET /v1/products`: what is for sale, each once, and a cursor that can't be bent.

use serde_json::Value;

use super::{get_if_none_match, is_public};
use crate::api::shop::Shop;
use crate::api::support::get;

fn skus(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["sku"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_catalogue_is_paged_without_a_token_and_its_cursors_cannot_be_bent() {
    let shop = Shop::open().await;
    for sku in ["A", "B", "C"] {
        shop.product(sku, 1).await;
    }
    let first = get(&shop.router, "/v1/products?limit=2").await;
    assert_eq!(first.status, 200, "{}", first.text);
    let page = first.json();
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = format!("/v1/products?limit=2&cursor={cursor}");
    assert_eq!(first.header("link"), format!("<{rest}>; rel=\"next\""));
    let second = get(&shop.router, &rest).await;
    assert_eq!((second.json()["nextCursor"].clone(), second.header("link")), (Value::Null, ""));
    let mut seen = [skus(&page), skus(&second.json())].concat();
    seen.sort();
    assert_eq!(seen, ["A", "B", "C"]);
    let foreign = format!("/v1/products?category=kitchen&cursor={cursor}");
    get(&shop.router, &foreign).await.problem(400, "invalid_cursor");
    get(&shop.router, "/v1/products?limit=0").await.problem(422, "validation_failed");
}

#[tokio::test]
async fn a_page_is_public_and_spared_until_something_on_it_changes() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let mug = shop.product("MUG", 1).await;
    let page = get(&shop.router, "/v1/products").await;
    is_public(&page);
    let tag = page.header("etag");
    assert_eq!(get_if_none_match(&shop, "/v1/products", tag).await.status, 304);
    admin.delete(&format!("/v1/products/{}", mug.id)).await;
    let changed = get_if_none_match(&shop, "/v1/products", tag).await;
    assert_eq!(changed.status, 200);
    assert!(skus(&changed.json()).is_empty());
}

#[tokio::test]
async fn a_search_takes_wildcards_for_what_they_are() {
    let shop = Shop::open().await;
    shop.product("MUG-350", 1).await;
    shop.product("TEA_1", 1).await;
    let found = async |query: &str| {
        let page = get(&shop.router, &format!("/v1/products?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        skus(&page.json())
    };
    assert_eq!(found("q=mug").await, ["MUG-350"]);
    assert_eq!(found("q=a_1").await, ["TEA_1"]);
    for nothing in ["q=%25%25", "q=__", "q=\\\\", "category=kitchen"] {
        assert!(found(nothing).await.is_empty(), "{nothing}");
    }
    get(&shop.router, "/v1/products?q=m").await.problem(422, "validation_failed");
    get(&shop.router, "/v1/products?page=2").await.problem(422, "unknown_field");
    get(&shop.router, "/v1/products?q=%ff").await.problem(400, "malformed_request");
}
