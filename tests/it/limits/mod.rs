//! Rate limits that instances share: Redis decides as one process does, for all of them together, or is done without.

mod agreement;
mod away;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use till::clients::redis::Redis;
use till::clients::redis::limits::RedisLimits;
use till::domain::ambient::Ambient;
use till::domain::clock::{Clock, ManualClock, SystemClock};
use till::domain::rate::{Algorithm, Rate};
use till::resilience::rate_limit::{Policy, SharedPolicy};

use crate::support::rabbit::setting;

/// A client with a connection of its own.
fn redis(prefix: &str) -> Redis {
    let url = SecretString::from(setting("TILL_TEST_REDIS_URL"));
    // What these tests state holds however busy the machine is.
    Redis::new(&url, prefix, Duration::from_secs(30)).unwrap()
}

/// Keys that no other test has.
fn prefix() -> String {
    format!("test-{}:", Ambient::system().uuid())
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting_at(SystemClock.now()))
}

/// So many instances with the same limits, at the same time by their own clock.
fn instances(count: usize, prefix: &str, clock: &Arc<ManualClock>) -> Vec<RedisLimits> {
    (0..count).map(|_| RedisLimits::by_clock(redis(prefix), clock.clone())).collect()
}

fn policy(name: &'static str, algorithm: Algorithm, limit: u32) -> SharedPolicy {
    let rate = Rate::new(algorithm, limit, Duration::from_secs(60), None).unwrap();
    Arc::new(Policy::new(name, rate))
}
