//! `POST /v1/api-keys/{id}/rotate`: two secrets overlap for a day, and never three.

use time::Duration;

use super::{Made, made, make, orders};
use crate::api::shop::{Actor, Shop};

async fn rotate(owner: &Actor, key: &Made) -> Made {
    let path = format!("/v1/api-keys/{}/rotate", key.id);
    let answered = owner.post_with(&path, &[], "").await;
    assert_eq!(answered.status, 201, "{}", answered.text);
    made(owner, &answered)
}

#[tokio::test]
async fn the_secret_before_is_good_for_a_day_and_the_new_one_from_the_start() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let old = make(&ada, &["orders:read"]).await;
    let new = rotate(&ada, &old).await;
    assert_eq!(new.id, old.id);
    assert_ne!(new.secret, old.secret);
    let shown = ada.get(&format!("/v1/api-keys/{}", old.id)).await.json();
    assert_eq!(shown["oldSecretUntil"], "2026-03-03T12:00:00.000Z");
    shop.test.clock.advance(Duration::DAY - Duration::SECOND);
    assert_eq!(orders(&old.program).await.status, 200);
    assert_eq!(orders(&new.program).await.status, 200);
    shop.test.clock.advance(Duration::SECOND);
    orders(&old.program).await.problem(401, "token_invalid");
    assert_eq!(orders(&new.program).await.status, 200);
}

#[tokio::test]
async fn whoever_rotates_twice_is_rid_of_the_first_secret_at_once() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let first = make(&ada, &["orders:read"]).await;
    let second = rotate(&ada, &first).await;
    assert_eq!(orders(&first.program).await.status, 200);
    let third = rotate(&ada, &first).await;
    orders(&first.program).await.problem(401, "token_invalid");
    assert_eq!(orders(&second.program).await.status, 200);
    assert_eq!(orders(&third.program).await.status, 200);
}
