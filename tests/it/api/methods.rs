//! Methods, held against every path of the OpenAPI document: what is not offered is 405, and HEAD is GET without a body.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, Request};

use super::document::operations;
use super::shop::Shop;
use super::support::{get, send};

#[tokio::test]
async fn every_path_refuses_other_methods_and_lists_its_own() {
    let shop = Shop::open().await;
    let mut offered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in operations() {
        let methods = offered.entry(operation.example_path()).or_default();
        methods.insert(operation.method.to_string());
        if operation.method == Method::GET {
            methods.insert("HEAD".to_owned());
        }
    }
    // Two templates with examples of their own are one path to the router.
    for (path, methods) in offered {
        for method in ["TRACE", "PUT", "BREW"].into_iter().filter(|name| !methods.contains(*name)) {
            let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
            let answered = send(&shop.router, request).await;
            let problem = answered.problem(405, "method_not_allowed");
            assert_eq!(problem["detail"], format!("This address does not answer {method}."));
            let allowed: BTreeSet<_> = answered.header("allow").split(',').map(str::trim).collect();
            let missing = methods.iter().find(|method| !allowed.contains(method.as_str()));
            assert_eq!(missing, None, "{path} allows {allowed:?}");
        }
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let shop = Shop::open().await;
    let mug = shop.product("MUG", 5).await.id;
    let product = format!("/v1/products/{mug}");
    let inventory = format!("{product}/inventory");
    let recommendations = format!("{product}/recommendations");
    let absent = "/v1/products/01890a5d-ac96-774b-bcce-b302099a9001";
    for path in [
        "/v1/products",
        &product,
        &inventory,
        &recommendations,
        "/v1/categories",
        "/.well-known/jwks.json",
        absent,
    ] {
        let whole = get(&shop.router, path).await;
        let request = Request::head(path).body(Body::empty()).unwrap();
        let head = send(&shop.router, request).await;
        assert_eq!((head.status, head.text.as_str()), (whole.status, ""), "{path}");
        for name in ["content-type", "etag", "cache-control", "vary"] {
            assert_eq!(head.header(name), whole.header(name), "{path}: {name}");
        }
        let length = head.header("content-length");
        assert!(length.is_empty() || length == whole.text.len().to_string(), "{path}: {length}");
    }
}
