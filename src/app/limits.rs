//! Rate limits as a part of a process: shared through Redis where there is one, else the process's own.

use std::sync::Arc;

use crate::api::limits::Limits;
use crate::clients::redis::Redis;
use crate::clients::redis::limits::RedisLimits;
use crate::config::Config;
use crate::domain::ambient::Ambient;
use crate::resilience::rate_limit::RateLimiter;

/// Limits by this configuration.
pub fn open(config: &Config, redis: Option<&Redis>, ambient: &Ambient) -> Limits {
    let clock = ambient.clock().clone();
    let limiter = match redis {
        Some(redis) => RateLimiter::shared(Arc::new(RedisLimits::new(redis.clone())), clock),
        None => RateLimiter::in_process(clock),
    };
    Limits::new(limiter, config.rate_limits, config.http.trusted_proxies.clone())
}
