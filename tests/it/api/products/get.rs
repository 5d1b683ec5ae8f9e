//! `GET /v1/products/{id}`: for everybody, kept by caches, and spared its body where the client has it.

use axum::http::Method;
use serde_json::json;
use time::Duration;

use super::{get_if_none_match, get_with, is_public};
use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn a_product_is_public_and_a_match_spares_its_body() {
    let shop = Shop::open().await;
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let whole = get(&shop.router, &place).await;
    assert_eq!(whole.status, 200, "{}", whole.text);
    is_public(&whole);
    let tag = whole.header("etag");
    for tags in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let spared = get_if_none_match(&shop, &place, &tags).await;
        assert_eq!((spared.status.as_u16(), spared.text.as_str()), (304, ""), "{tags}");
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(spared.header(name), whole.header(name), "{name}");
        }
        assert_eq!(spared.header("content-type"), "");
    }
    let other = shop.product("TEA", 5).await;
    let foreign = get(&shop.router, &format!("/v1/products/{}", other.id)).await;
    let unmatched = get_if_none_match(&shop, &place, foreign.header("etag")).await;
    assert_eq!((unmatched.status.as_u16(), &unmatched.text), (200, &whole.text));
    get_if_none_match(&shop, &place, "7").await.problem(400, "invalid_header");
}

#[tokio::test]
async fn the_date_of_a_change_spares_the_body_only_where_no_tag_was_sent() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    // Within the second of the change nobody could tell it from the next one.
    assert_eq!(get(&shop.router, &place).await.header("last-modified"), "");
    shop.test.clock.advance(Duration::seconds(5));
    let whole = get(&shop.router, &place).await;
    let date = whole.header("last-modified");
    assert_eq!(date, "Mon, 02 Mar 2026 12:00:01 GMT");
    let since = async |date: &str| get_with(&shop, &place, "if-modified-since", date).await;
    assert_eq!(since(date).await.status, 304);
    for passed_over in ["yesterday", "Mon, 02 Mar 2026 11:59:59 GMT"] {
        assert_eq!(since(passed_over).await.status, 200, "{passed_over}");
    }
    let tag: &[u8] = b"\"other\"";
    let headers = [("if-none-match", tag), ("if-modified-since", date.as_bytes())];
    let both = admin.send(Method::GET, &place, &headers, "").await;
    assert_eq!(both.status, 200);

    admin.patch(&place, &json!({ "unitAmount": 1 })).await;
    let changed = since(date).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["unitAmount"]), (200, &json!(1)));
}

#[tokio::test]
async fn what_is_not_there_is_not_kept_either() {
    let shop = Shop::open().await;
    for id in ["01890a5d-ac96-774b-bcce-b302099a9001", "1", "%00", "%ff"] {
        let absent = get(&shop.router, &format!("/v1/products/{id}")).await;
        assert!(matches!(absent.status.as_u16(), 400 | 404), "{id}: {}", absent.text);
        assert_eq!(absent.header("cache-control"), "no-store");
        assert_eq!(absent.header("etag"), "");
    }
}
