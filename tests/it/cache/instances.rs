//! Two instances over one database and one Redis: what one changes the other shows, and never the old value again.

use axum::http::Method;
use serde_json::json;
use time::Duration;

use super::{Instance, hears, hears_nothing};
use crate::api::shop::{Actor, Shop};
use crate::api::support::get;
use crate::support::directory::PATIENCE;
use crate::support::redis::{OwnRedis, SharedRedis};

const FIRST: &str = "/data/0/name";

/// Changes a product's name at an instance.
async fn rename(admin: &Actor, at: &Instance, place: &str, name: &str) {
    let renamed = admin.at(&at.router).patch(place, &json!({ "name": name })).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
}

#[tokio::test]
async fn a_change_is_seen_at_once_where_it_is_made_and_soon_everywhere_and_never_undone() {
    let (shop, redis) = (Shop::open().await, SharedRedis::reached().await);
    let admin = shop.staff("admin").await;
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let one = Instance::of(&shop, redis.tier()).await;
    let other = Instance::of(&shop, redis.tier()).await;
    for number in 0..20 {
        for (path, pointer) in [(place.as_str(), "/name"), ("/v1/products?q=mug", FIRST)] {
            one.says(path, pointer).await;
            other.says(path, pointer).await;
        }
        let name = format!("Mug {number}");
        let (writer, reader) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        rename(&admin, writer, &place, &name).await;
        assert_eq!(writer.says(&place, "/name").await, name);
        assert_eq!(writer.says("/v1/products", FIRST).await, name);
        assert_eq!(writer.says("/v1/products?q=mug", FIRST).await, name);
        for (path, pointer) in
            [(place.as_str(), "/name"), ("/v1/products", FIRST), ("/v1/products?q=mug", FIRST)]
        {
            reader.comes_to_say(path, pointer, &name).await;
            for _ in 0..20 {
                assert_eq!(reader.says(path, pointer).await, name, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_made_or_archived_at_one_instance_is_there_or_gone_at_the_other() {
    let (shop, redis) = (Shop::open().await, SharedRedis::reached().await);
    let admin = shop.staff("admin").await;
    let one = Instance::of(&shop, redis.tier()).await;
    let other = Instance::of(&shop, redis.tier()).await;
    assert_eq!(other.says("/v1/categories", "/data/0/name").await, "nothing");
    let mug = json!({ "sku": "MUG", "name": "Mug", "category": "kitchen", "unitAmount": 4900, "currency": "MYR" });
    let made = admin.at(&one.router).post("/v1/products", "k", &mug).await;
    let place = made.header("location").to_owned();
    assert_eq!(one.says("/v1/categories", "/data/0/name").await, "kitchen");
    other.comes_to_say("/v1/categories", "/data/0/name", "kitchen").await;
    assert_eq!(other.says(&place, "/name").await, "Mug");
    assert_eq!(other.says("/v1/products", FIRST).await, "Mug");
    admin.at(&other.router).send(Method::DELETE, &place, &[], "").await;
    assert_eq!(other.says(&place, "/name").await, "404");
    one.comes_to_say(&place, "/name", "404").await;
    one.comes_to_say("/v1/products", FIRST, "nothing").await;
    one.comes_to_say("/v1/categories", "/data/0/name", "nothing").await;
}

#[tokio::test]
async fn l1_without_redis_both_go_on_and_what_they_hold_lives_for_a_second() {
    let (shop, redis) = (Shop::open().await, SharedRedis::reached().await);
    let admin = shop.staff("admin").await;
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let one = Instance::of(&shop, redis.tier()).await;
    let other = Instance::of(&shop, redis.tier()).await;
    let before = other.says(&place, "/name").await;
    one.says(&place, "/name").await;
    redis.line.cut().await;
    for instance in [&one, &other] {
        hears_nothing(instance.catalogue()).await;
    }
    rename(&admin, &one, &place, "New").await;
    assert_eq!(one.says(&place, "/name").await, "New");
    shop.test.clock.advance(Duration::milliseconds(499));
    assert_eq!(other.says(&place, "/name").await, before, "nobody could tell it");
    shop.test.clock.advance(Duration::milliseconds(501));
    assert_eq!(other.says(&place, "/name").await, "New");
    assert_eq!(other.says("/v1/products", FIRST).await, "New");

    // Redis is back and has what was there before; nobody believes it.
    redis.line.open().await;
    for instance in [&other, &one] {
        hears(instance.catalogue()).await;
        for _ in 0..20 {
            assert_eq!(instance.says(&place, "/name").await, "New");
            assert_eq!(instance.says("/v1/products", FIRST).await, "New");
        }
    }
    rename(&admin, &other, &place, "Newer").await;
    one.comes_to_say(&place, "/name", "Newer").await;
}

#[tokio::test]
async fn what_was_missed_while_a_line_was_cut_is_asked_for_when_it_is_there_again() {
    let (shop, redis) = (Shop::open().await, OwnRedis::start(&[]).await);
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let instance = Instance::of(&shop, redis.tier()).await;
    let before = instance.says(&place, "/name").await;
    // As if another instance had told it and nobody had heard.
    sqlx::query("UPDATE products SET name = 'New', version = version + 1")
        .execute(&*shop.test.services.pool)
        .await
        .unwrap();
    assert_eq!(instance.says(&place, "/name").await, before);
    redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    instance.comes_to_say(&place, "/name", "New").await;
    for _ in 0..20 {
        assert_eq!(instance.says(&place, "/name").await, "New");
    }
}

#[tokio::test]
async fn empty_lists_are_shared_with_nobody() {
    let (shop, redis) = (Shop::open().await, OwnRedis::start(&[]).await);
    shop.product("MUG", 5).await;
    let instance = Instance::of(&shop, redis.tier()).await;
    for path in ["/v1/products?category=invented", "/v1/products"] {
        assert_eq!(get(&instance.router, path).await.status, 200, "{path}");
    }
    let looking = async {
        loop {
            let kept = format!("{:?}", redis.run(&["KEYS", "*:lists:*/*"]).await);
            if kept.contains(":lists:*/") {
                break kept;
            }
            tokio::task::yield_now().await;
        }
    };
    let lists = tokio::time::timeout(PATIENCE, looking).await.unwrap();
    assert!(!lists.contains("invented"), "{lists}");
}
