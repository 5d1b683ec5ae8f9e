//! `GET /.well-known/oauth-authorization-server`: what it says is there, is there.

use serde_json::json;

use super::Scene;
use crate::api::support::get;

#[tokio::test]
async fn it_says_where_everything_is_and_what_is_understood_there() {
    let scene = Scene::open().await;
    let answered = get(&scene.shop.router, "/.well-known/oauth-authorization-server").await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.header("content-type"), "application/json");
    assert_eq!(answered.header("cache-control"), "public, max-age=300");
    let said = answered.json();
    let issuer = "https://till.test";
    assert_eq!(said["issuer"], issuer);
    assert_eq!(said["authorization_endpoint"], format!("{issuer}/oauth/authorize"));
    assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(said["response_types_supported"], json!(["code"]));
    assert_eq!(said["authorization_response_iss_parameter_supported"], true);
    let scopes = said["scopes_supported"].as_array().unwrap();
    assert!(scopes.contains(&json!("orders:read")) && !scopes.contains(&json!("keys:manage")));
    for name in ["token_endpoint", "revocation_endpoint", "introspection_endpoint"] {
        let path = said[name].as_str().unwrap().strip_prefix(issuer).unwrap();
        assert_eq!(scene.ledger.post(path, &[]).await.status, 400, "{path}");
    }
    for name in ["jwks_uri", "service_documentation"] {
        let path = said[name].as_str().unwrap().strip_prefix(issuer).unwrap();
        assert_eq!(get(&scene.shop.router, path).await.status, 200, "{path}");
    }
}
