//! For how long codes and browsers are remembered, and what ends them before their time.

use serde_json::json;
use till::domain::ids::UserId;
use till::service::housekeeping::purge_oauth;
use till::store::browser_sessions::{self, BrowserSession};
use time::Duration;

use super::{Scene, refused, tokens};
use crate::api::shop::{PASSWORD, Shop};

/// Somebody who signed in at the page.
async fn browser(shop: &Shop, user_id: UserId, cookie: u8) {
    let now = shop.test.services.ambient.now();
    let session = BrowserSession {
        id: shop.test.services.ambient.id(),
        user_id,
        access_epoch: 0,
        created_at: now,
        expires_at: now + Duration::HOUR,
    };
    let mut conn = shop.test.services.pool.acquire().await.unwrap();
    browser_sessions::insert(&mut conn, &[cookie; 32], &session).await.unwrap();
}

async fn is_signed_in(shop: &Shop, cookie: u8) -> bool {
    let mut conn = shop.test.services.pool.acquire().await.unwrap();
    browser_sessions::find(&mut conn, &[cookie; 32]).await.unwrap().is_some()
}

#[tokio::test]
async fn a_browser_is_signed_out_with_its_user_everywhere() {
    let scene = Scene::open().await;
    let (shop, ada, bob) = (&scene.shop, &scene.ada, scene.shop.customer("bob").await);
    browser(shop, ada.id, 1).await;
    browser(shop, bob.id, 2).await;
    assert_eq!(ada.post_with("/v1/auth/revoke-all", &[], "").await.status, 204);
    assert!(!is_signed_in(shop, 1).await && is_signed_in(shop, 2).await);
    let change = json!({ "password": "an even better one", "currentPassword": PASSWORD });
    assert_eq!(bob.patch("/v1/users/me", &change).await.status, 200);
    assert!(!is_signed_in(shop, 2).await);
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_a_used_code_is_remembered_for_a_day() {
    let scene = Scene::open().await;
    let (shop, services) = (&scene.shop, &scene.shop.test.services);
    let (used, _unused) = (scene.code().await, scene.code().await);
    let program = tokens(shop, &scene.ada, &scene.ledger.redeem(&used).await);
    browser(shop, scene.ada.id, 1).await;
    assert_eq!(purge_oauth(services, 100).await.unwrap(), 0);
    shop.test.clock.advance(Duration::HOUR);
    assert_eq!(purge_oauth(services, 100).await.unwrap(), 1);
    assert!(!is_signed_in(shop, 1).await);
    refused(&scene.ledger.redeem(&used).await, 400, "invalid_grant");
    refused(&scene.ledger.refresh(&program.refresh_token).await, 400, "invalid_grant");
    shop.test.clock.advance(Duration::DAY);
    assert_eq!(purge_oauth(services, 100).await.unwrap(), 2);
    assert_eq!(shop.count("SELECT count(*) FROM oauth_codes").await, 0);
}
