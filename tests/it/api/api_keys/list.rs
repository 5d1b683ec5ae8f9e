//! `GET /v1/api-keys` and what else an owner does with keys: everybody has their own.

use serde_json::json;

use super::make;
use crate::api::shop::Shop;

#[tokio::test]
async fn keys_are_listed_newest_first_a_page_at_a_time() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        shop.test.clock.advance(time::Duration::seconds(1));
        ids.insert(0, make(&ada, &["orders:read"]).await.id);
    }
    let first = ada.get("/v1/api-keys?limit=2").await.json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = ada.get(&format!("/v1/api-keys?limit=2&cursor={cursor}")).await.json();
    assert_eq!(second["nextCursor"], json!(null));
    let pages = [&first, &second].map(|page| page["data"].as_array().unwrap().clone()).concat();
    let seen: Vec<_> = pages.iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!(seen, ids);
    let eve = shop.customer("eve").await;
    assert_eq!(eve.get("/v1/api-keys").await.json()["data"], json!([]));
    let foreign = eve.get(&format!("/v1/api-keys?limit=2&cursor={cursor}")).await;
    foreign.problem(400, "invalid_cursor");
}

#[tokio::test]
async fn an_administrator_gives_the_tier_and_sees_no_secret() {
    let shop = Shop::open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let key = make(&ada, &["orders:read"]).await;
    let path = format!("/v1/api-keys/{}", key.id);
    let premium = json!({ "tier": "premium" });
    ada.patch(&path, &premium).await.problem(403, "insufficient_scope");
    let given = admin.patch(&path, &premium).await;
    assert_eq!(given.status, 200, "{}", given.text);
    assert_eq!(given.json()["tier"], "premium");
    assert!(given.json().get("secret").is_none());
    admin.get(&path).await.problem(404, "not_found");
}
