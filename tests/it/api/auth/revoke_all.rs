//! `POST /v1/auth/revoke-all`: every session ends, at every instance; keys and other people stay.

use serde_json::json;

use crate::api::api_keys::{make, orders};
use crate::api::shop::{Shop, call};

#[tokio::test]
async fn a3_signing_out_everywhere_ends_every_session_at_every_instance() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let other = shop.sign_in(ada.id, "ada@example.com").await.at(&shop.twin().await);
    let key = make(&ada, &["orders:read"]).await;
    assert_eq!(other.get("/v1/users/me").await.status, 200);
    let ended = ada.post_with("/v1/auth/revoke-all", &[], "").await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    for actor in [&ada, &other] {
        actor.get("/v1/users/me").await.problem(401, "token_invalid");
        let renewal = json!({ "refreshToken": actor.refresh_token });
        call(&shop.router, "/v1/auth/refresh", &renewal).await.problem(401, "token_invalid");
    }
    assert_eq!(orders(&key.program).await.status, 200);
    assert_eq!(eve.get("/v1/users/me").await.status, 200);
    assert_eq!(shop.sign_in(ada.id, "ada@example.com").await.get("/v1/users/me").await.status, 200);
}
