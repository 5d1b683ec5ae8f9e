//! `/v1/products`, one file an operation; and what all answers of the public catalogue have in common.

mod archive;
mod create;
mod get;
mod import;
mod inventory;
mod list;
mod recommendations;
mod update;

use axum::body::Body;
use axum::http::Request;

use super::shop::Shop;
use super::support::{Answered, send};

/// Any cache may keep it, for as long as it says, and recognise it again.
pub fn is_public(answered: &Answered) {
    let policy = answered.header("cache-control");
    assert!(policy.starts_with("public, max-age="), "{policy}");
    for part in ["stale-while-revalidate=", "stale-if-error="] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(answered.header("etag").starts_with('"'), "{}", answered.header("etag"));
    assert_eq!(answered.header("vary"), "accept");
}

pub async fn get_with(shop: &Shop, path: &str, header: &str, value: &str) -> Answered {
    let request = Request::get(path).header(header, value).body(Body::empty()).unwrap();
    send(&shop.router, request).await
}

pub async fn get_if_none_match(shop: &Shop, path: &str, tags: &str) -> Answered {
    get_with(shop, path, "if-none-match", tags).await
}
