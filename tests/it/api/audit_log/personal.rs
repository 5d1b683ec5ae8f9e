//! What is kept of people beside the log, for how long, and that it goes with the account it tells of.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::json;
use till::domain::ids::Id;
use till::service::audit::flush_refused;

use super::{log, open, whole};
use crate::api::shop::{Actor, PASSWORD, Shop};
use crate::api::support::send;

/// Sends it from that address.
async fn from(shop: &Shop, address: &str, request: http::request::Builder, body: String) -> u16 {
    let request =
        request.header("content-type", "application/json").header("user-agent", "ada's own/7");
    let mut request = request.body(Body::from(body)).unwrap();
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    send(&shop.router, request).await.status.as_u16()
}

fn signed(request: http::request::Builder, actor: &Actor) -> http::request::Builder {
    request.header("authorization", format!("Bearer {}", actor.token))
}

#[tokio::test]
async fn with_an_account_goes_from_where_it_acted_and_was_tried_and_what_it_did_stays() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let credentials = |password: &str| json!({ "email": "ada@example.com", "password": password });
    let token = || Request::post("/v1/auth/token");
    assert_eq!(from(&shop, "192.0.2.77", token(), credentials(PASSWORD).to_string()).await, 200);
    assert_eq!(from(&shop, "192.0.2.78", token(), credentials("wrong").to_string()).await, 401);
    flush_refused(&shop.test.services).await.unwrap();
    // Tried once more, and not written down when the account goes.
    assert_eq!(from(&shop, "192.0.2.79", token(), credentials("wrong").to_string()).await, 401);
    let before = log(&admin, &format!("?target={}", ada.id)).await.len();
    assert!(whole(&shop).await.contains("192.0.2.77"));
    let role = json!({ "role": "customer", "status": "active" }).to_string();
    let change = signed(Request::patch(format!("/v1/users/{}", ada.id)), &admin);
    assert_eq!(from(&shop, "192.0.2.10", change, role.replace("customer", "support")).await, 200);

    let ada = shop.sign_in(ada.id, "ada@example.com").await;
    let erasure = signed(Request::delete("/v1/users/me"), &ada);
    assert_eq!(from(&shop, "192.0.2.80", erasure, String::new()).await, 204);
    flush_refused(&shop.test.services).await.unwrap();
    let text = whole(&shop).await;
    for address in ["192.0.2.77", "192.0.2.78", "192.0.2.79", "192.0.2.80"] {
        assert!(!text.contains(address), "{address}:\n{text}");
    }
    // What an administrator did to it tells of the administrator.
    assert!(text.contains("192.0.2.10"));
    let entries = log(&admin, &format!("?target={}", ada.id)).await;
    assert_eq!(entries.len(), before + 4);
    let erased = entries.iter().find(|entry| entry["action"] == "user.erase").unwrap();
    assert_eq!(erased["actor"]["id"], ada.id.to_string());
    assert_eq!(json!([erased["address"], erased["userAgent"]]), json!([null, null]));
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_origins WHERE subject_id = $1")
        .bind(ada.id.as_uuid())
        .fetch_one(&*shop.test.services.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
