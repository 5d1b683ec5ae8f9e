//! `POST /v1/auth/revoke`: signing out ends the session at once, and tells nobody which tokens exist.

use serde_json::json;

use crate::api::shop::{Shop, call};

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let elsewhere = shop.sign_in(ada.id, "ada@example.com").await;
    let body = json!({ "refreshToken": ada.refresh_token });
    for _ in 0..2 {
        let revoked = call(&shop.router, "/v1/auth/revoke", &body).await;
        assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
        ada.get("/v1/users/me").await.problem(401, "token_invalid");
    }
    call(&shop.router, "/v1/auth/refresh", &body).await.problem(401, "token_invalid");
    assert_eq!(elsewhere.get("/v1/users/me").await.status, 200);
}

#[tokio::test]
async fn a_token_that_nobody_knows_is_signed_out_as_well() {
    let shop = Shop::open().await;
    let unknown = format!("tillrt_{}", "A".repeat(43));
    for token in ["", "x", &unknown] {
        let revoked =
            call(&shop.router, "/v1/auth/revoke", &json!({ "refreshToken": token })).await;
        assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
    }
}
