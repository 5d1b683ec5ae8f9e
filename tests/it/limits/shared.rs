//! Several instances, one limit: what passes is counted for all of them, in one step each.

use std::sync::Arc;

use futures_util::future::join_all;
use redis::cmd;
use till::clients::redis::limits::RedisLimits;
use till::domain::rate::Algorithm;
use till::resilience::rate_limit::{Intent, LimitStore, SharedPolicy, Standing};

use super::{clock, instances, policy, prefix, redis};

async fn ask(limits: &RedisLimits, policies: &[SharedPolicy], intent: Intent) -> Vec<Standing> {
    limits.ask("caller", policies, intent).await.unwrap()
}

#[tokio::test]
async fn l12_of_n_and_k_more_at_once_over_three_instances_n_pass_and_what_each_is_told_is_true() {
    const N: u32 = 20;
    for algorithm in Algorithm::ALL {
        let (clock, prefix) = (clock(), prefix());
        let instances = instances(3, &prefix, &clock);
        let policies = [policy("policy", algorithm, N)];
        let asked = (0..60).map(|n| ask(&instances[n % 3], &policies, Intent::Take));
        let standings: Vec<Standing> = join_all(asked).await.into_iter().flatten().collect();
        let (passed, refused): (Vec<Standing>, Vec<Standing>) =
            standings.into_iter().partition(|one| one.allowed);
        let mut remaining: Vec<_> = passed.iter().map(|one| one.remaining).collect();
        remaining.sort_unstable();
        // Each was counted by itself: nobody saw what another saw, too.
        assert_eq!(remaining, (0..N).collect::<Vec<_>>(), "{algorithm:?}");
        assert_eq!(refused.len(), 40, "{algorithm:?}");
        assert!(refused.iter().all(|one| one.remaining == 0));
        let wait = i64::try_from(refused[0].retry_after).unwrap();
        clock.advance(time::Duration::microseconds(wait - 1));
        assert!(!ask(&instances[0], &policies, Intent::Look).await[0].allowed, "{algorithm:?}");
        clock.advance(time::Duration::microseconds(1));
        assert!(ask(&instances[1], &policies, Intent::Take).await[0].allowed, "{algorithm:?}");
    }
}

#[tokio::test]
async fn where_one_policy_refuses_nothing_is_taken_from_the_others() {
    let instances = instances(1, &prefix(), &clock());
    let policies =
        [policy("wide", Algorithm::SlidingWindow, 5), policy("narrow", Algorithm::FixedWindow, 1)];
    let passes = async || {
        let standings = ask(&instances[0], &policies, Intent::Take).await;
        standings.iter().all(|standing| standing.allowed)
    };
    assert!(passes().await);
    for _ in 0..3 {
        assert!(!passes().await);
    }
    assert_eq!(ask(&instances[0], &policies, Intent::Look).await[0].remaining, 4);
}

#[tokio::test]
async fn what_is_whole_again_by_redis_own_clock_is_forgotten_there() {
    let prefix = prefix();
    let limits = RedisLimits::new(redis(&prefix));
    for algorithm in Algorithm::ALL {
        let policies = [policy(algorithm.as_str(), algorithm, 3)];
        assert!(ask(&limits, &policies, Intent::Take).await[0].allowed);
    }
    let mut keys: Vec<String> = keys(&prefix).await;
    keys.sort();
    assert_eq!(keys.len(), Algorithm::ALL.len());
    for key in keys {
        let query = cmd("PTTL").arg(&key).to_owned();
        let left: i64 = redis("")
            .call("look", |mut connection| async move { query.query_async(&mut connection).await })
            .await
            .unwrap();
        assert!((1..=120_000).contains(&left), "{key} lives for {left} ms");
    }
}

async fn keys(prefix: &str) -> Vec<String> {
    let query = cmd("KEYS").arg(format!("{prefix}*")).to_owned();
    redis("")
        .call("look", |mut connection| async move { query.query_async(&mut connection).await })
        .await
        .unwrap()
}

#[tokio::test]
async fn all_policies_of_one_caller_live_in_one_slot_of_a_cluster() {
    let prefix = prefix();
    let limits = instances(1, &prefix, &clock());
    let policies =
        [policy("one", Algorithm::TokenBucket, 3), policy("two", Algorithm::SlidingWindow, 3)];
    ask(&limits[0], &policies, Intent::Take).await;
    let keys = keys(&prefix).await;
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.starts_with(&format!("{prefix}rate-limit:{{caller}}:"))));
}

#[tokio::test]
async fn a_server_that_forgot_the_script_is_told_it_again() {
    let limits = Arc::new(RedisLimits::new(redis(&prefix())));
    let policies = [policy("policy", Algorithm::TokenBucket, 5)];
    assert_eq!(ask(&limits, &policies, Intent::Take).await[0].remaining, 4);
    let flush = cmd("SCRIPT").arg("FLUSH").to_owned();
    let flushed: String = redis("")
        .call("look", |mut connection| async move { flush.query_async(&mut connection).await })
        .await
        .unwrap();
    assert_eq!(flushed, "OK");
    assert_eq!(ask(&limits, &policies, Intent::Take).await[0].remaining, 3);
}
