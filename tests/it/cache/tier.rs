//! The shared tier in Redis: an older version loses, and so does what was loaded before a change.

use std::sync::Arc;
use std::time::Duration;

use till::resilience::cache::tier::{CacheTier, Change, Generation, Kept, Notice};

use crate::support::line::free_address;
use crate::support::redis::{OwnRedis, SharedRedis};

const GOODS: &str = "goods";
const LISTS: &str = "lists";
const BOTH: &[&str] = &[GOODS, LISTS];

fn kept(version: i64) -> Kept {
    let bytes = format!("version {version}").into_bytes();
    Kept { version, bytes, lives: Duration::from_secs(60) }
}

fn value(version: i64) -> Change {
    Change::Value { space: GOODS, key: "mug".to_owned(), kept: kept(version) }
}

async fn generation(tier: &Arc<dyn CacheTier>, space: &'static str) -> Generation {
    tier.get(space, "mug").await.unwrap().generation
}

async fn held(tier: &Arc<dyn CacheTier>, space: &'static str) -> Option<String> {
    let found = tier.get(space, "mug").await.unwrap();
    found.bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

async fn an_older_version_loses(tier: &Arc<dyn CacheTier>) {
    // A slow reader has read version 1 by now.
    let before = generation(tier, GOODS).await;
    tier.tell(&[value(2)]).await.unwrap();
    tier.put(GOODS, "mug", &before, &kept(1)).await.unwrap();
    assert_eq!(held(tier, GOODS).await, None);
    tier.put(GOODS, "mug", &before, &kept(2)).await.unwrap();
    assert_eq!(held(tier, GOODS).await.as_deref(), Some("version 2"));
    tier.tell(&[value(4), value(3)]).await.unwrap();
    assert_eq!(held(tier, GOODS).await.as_deref(), Some("version 4"));
    tier.put(GOODS, "mug", &before, &kept(3)).await.unwrap();
    assert_eq!(held(tier, GOODS).await.as_deref(), Some("version 4"));
}

async fn what_was_loaded_before_a_change_loses(tier: &Arc<dyn CacheTier>) {
    let before = generation(tier, LISTS).await;
    tier.tell(&[Change::Void { space: LISTS }]).await.unwrap();
    tier.put(LISTS, "mug", &before, &kept(0)).await.unwrap();
    assert_eq!(held(tier, LISTS).await, None);
    let after = generation(tier, LISTS).await;
    tier.put(LISTS, "mug", &after, &kept(0)).await.unwrap();
    assert_eq!(held(tier, LISTS).await.as_deref(), Some("version 0"));
    tier.renew(BOTH).await.unwrap();
    assert_eq!((held(tier, GOODS).await, held(tier, LISTS).await), (None, None));
    tier.put(LISTS, "mug", &after, &kept(0)).await.unwrap();
    tier.put(GOODS, "mug", &after, &kept(9)).await.unwrap();
    assert_eq!((held(tier, GOODS).await, held(tier, LISTS).await), (None, None));
}

#[tokio::test]
async fn a_slow_reader_cannot_put_the_old_value_back_into_redis() {
    let redis = SharedRedis::reached().await;
    let tier = redis.tier();
    an_older_version_loses(&tier).await;
    what_was_loaded_before_a_change_loses(&tier).await;
}

/// On one node that has all slots: the client follows no `MOVED` to another.
#[tokio::test]
async fn scripts_touch_one_slot_of_a_cluster() {
    // Or it takes the port 10000 beyond its own, which may be another's, and ends.
    let bus = free_address().await.port().to_string();
    let redis = OwnRedis::start(&["--cluster-enabled", "yes", "--cluster-port", &bus]).await;
    redis.run(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    let tier = redis.tier();
    while tier.renew(BOTH).await.is_err() {
        tokio::task::yield_now().await;
    }
    an_older_version_loses(&tier).await;
    what_was_loaded_before_a_change_loses(&tier).await;
}

#[tokio::test]
async fn what_is_told_late_takes_no_place_that_is_empty() {
    let redis = OwnRedis::start(&[]).await;
    let tier = redis.tier();
    tier.tell(&[value(3)]).await.unwrap();
    redis.run(&["FLUSHALL"]).await;
    tier.tell(&[value(1)]).await.unwrap();
    tier.tell(&[value(2)]).await.unwrap();
    assert_eq!(held(&tier, GOODS).await, None);
    let now = generation(&tier, GOODS).await;
    tier.put(GOODS, "mug", &now, &kept(3)).await.unwrap();
    assert_eq!(held(&tier, GOODS).await.as_deref(), Some("version 3"));
}

#[tokio::test]
async fn a_server_that_forgot_everything_gives_no_generation_twice() {
    let redis = OwnRedis::start(&[]).await;
    let tier = redis.tier();
    let before = generation(&tier, GOODS).await;
    tier.tell(&[value(2)]).await.unwrap();
    redis.run(&["FLUSHALL"]).await;
    tier.put(GOODS, "mug", &before, &kept(1)).await.unwrap();
    assert_eq!(held(&tier, GOODS).await, None);
    assert_ne!(generation(&tier, GOODS).await, before);
}

#[tokio::test]
async fn everybody_hears_of_a_change_but_the_one_who_made_it() {
    let redis = SharedRedis::reached().await;
    let (one, other) = (redis.tier(), redis.tier());
    let (mut at_one, mut at_other) =
        (one.subscribe().await.unwrap(), other.subscribe().await.unwrap());
    one.tell(&[value(2)]).await.unwrap();
    other.tell(&[Change::Doubt { spaces: BOTH }]).await.unwrap();
    other.tell(&[Change::Void { space: LISTS }]).await.unwrap();
    let of_value = Notice::Value { space: GOODS.to_owned(), key: "mug".to_owned(), version: 2 };
    assert_eq!(at_other.next().await, Some(of_value));
    assert_eq!(at_one.next().await, Some(Notice::Doubt));
    assert_eq!(at_one.next().await, Some(Notice::Void { space: LISTS.to_owned() }));
    redis.line.cut().await;
    assert_eq!(at_one.next().await, None);
}
