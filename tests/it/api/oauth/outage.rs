//! With the database away, `/oauth` says so in its own form and asks to come back.

use super::{Scene, refused};

#[tokio::test]
async fn without_a_database_it_is_503_in_the_form_of_oauth_with_retry_after() {
    let scene = Scene::open().await;
    scene.shop.test.services.pool.close().await;
    let answered = scene.ledger.redeem("tillac_x").await;
    refused(&answered, 503, "temporarily_unavailable");
    assert_eq!(answered.header("retry-after"), "1");
}
