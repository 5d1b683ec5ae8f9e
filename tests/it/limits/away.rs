//! Redis gone or silent: limits go on in each process, nobody waits long, and it is asked again later.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use till::clients::redis::limits::RedisLimits;
use till::clients::redis::{Redis, RedisAway};
use till::domain::rate::Algorithm;
use till::resilience::rate_limit::{Intent, RateLimiter};
use tokio::net::TcpListener;

use super::{clock, policy, prefix};
use crate::support::line::Line;
use crate::support::rabbit::{setting, target, through};

fn at(url: String, prefix: &str, bound: Duration) -> Redis {
    Redis::new(&SecretString::from(url), prefix, bound).unwrap()
}

/// Longer than an answer takes however busy the machine is.
const LONG: Duration = Duration::from_secs(30);

async fn passes(limiter: &RateLimiter, limit: u32) -> bool {
    let policies = [policy("policy", Algorithm::TokenBucket, limit)];
    limiter.ask("caller", &policies, Intent::Take).await[0].allowed
}

#[tokio::test]
async fn l1_without_redis_each_process_enforces_the_whole_limit_by_itself() {
    let (url, prefix) = (setting("TILL_TEST_REDIS_URL"), prefix());
    let line = Line::closed(target(&url)).await;
    line.open().await;
    let limits = RedisLimits::new(at(through(&url, line.address), &prefix, LONG));
    let limiter = RateLimiter::shared(Arc::new(limits), clock());
    assert!(passes(&limiter, 2).await);
    line.cut().await;
    for expected in [true, true, false, false, false] {
        assert_eq!(passes(&limiter, 2).await, expected);
    }
}

#[tokio::test]
async fn l1_a_redis_that_says_nothing_is_not_waited_for_by_every_request() {
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redis =
        at(format!("redis://{}", silent.local_addr().unwrap()), "", Duration::from_millis(50));
    let limiter = RateLimiter::shared(Arc::new(RedisLimits::new(redis.clone())), clock());
    for n in 0..50 {
        assert_eq!(passes(&limiter, 10).await, n < 10);
    }
    // A probe may be due now; after it nobody is let through.
    while !matches!(redis.call("look", |_| async { Ok(()) }).await, Err(RedisAway::Open(_))) {}
}

#[tokio::test]
async fn when_redis_is_back_it_is_asked_again() {
    let (url, prefix) = (setting("TILL_TEST_REDIS_URL"), prefix());
    let line = Line::closed(target(&url)).await;
    let redis = at(through(&url, line.address), &prefix, LONG);
    let ping = async || {
        let ping = redis::cmd("PING");
        redis
            .call("look", |mut connection| async move {
                ping.query_async::<String>(&mut connection).await
            })
            .await
    };
    while !matches!(ping().await, Err(RedisAway::Open(_))) {}
    line.open().await;
    // The circuit lets a probe through after its pause.
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while ping().await.is_err() {
        looks.tick().await;
    }
}
