//! Rate limits that all instances share: one script, run by Redis atomically on its own clock; it decides nothing itself.

use std::sync::{Arc, LazyLock};

use deadpool_redis::redis::Script;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::{Redis, RedisAway};
use crate::domain::clock::Clock;
use crate::resilience::circuit_breaker::CallPermit;
use crate::resilience::rate_limit::{
    Intent, LimitStore, LimitStoreAway, Policy, SharedPolicy, Standing,
};

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("limits.lua")));

/// Numbers that the script answers for one policy.
const NUMBERS: usize = 4;

/// Limits in Redis.
#[derive(Clone)]
pub struct RedisLimits {
    redis: Redis,
    /// `None`: the server's own, which is the same for all who ask.
    clock: Option<Arc<dyn Clock>>,
}

impl RedisLimits {
    /// By the server's clock, so that no two instances can disagree about the time.
    pub fn new(redis: Redis) -> Self {
        Self { redis, clock: None }
    }

    /// By this clock, for whom one instance's time is the world's.
    pub fn by_clock(redis: Redis, clock: Arc<dyn Clock>) -> Self {
        Self { redis, clock: Some(clock) }
    }

    async fn run(
        &self,
        permit: CallPermit,
        subject: &str,
        policies: &[SharedPolicy],
        intent: Intent,
    ) -> Result<Vec<Standing>, RedisAway> {
        let now = self.clock.as_ref().map(|clock| clock.microseconds());
        let mut invocation = SCRIPT.prepare_invoke();
        invocation.arg(now.map(|now| now.to_string()).unwrap_or_default());
        invocation.arg(match intent {
            Intent::Take => "take",
            Intent::Look => "look",
        });
        for policy in policies {
            invocation.key(self.key(subject, policy));
            invocation
                .arg(policy.algorithm().as_str())
                .arg(policy.limit())
                .arg(policy.window())
                .arg(policy.interval())
                .arg(policy.burst());
        }
        let invocation = &invocation;
        let numbers: Vec<u64> = self
            .redis
            .call_admitted(permit, "EVALSHA limits", |mut connection| async move {
                invocation.invoke_async(&mut connection).await
            })
            .await?;
        let standings: Vec<_> = numbers.chunks_exact(NUMBERS).filter_map(standing).collect();
        if standings.len() == policies.len() { Ok(standings) } else { Err(RedisAway::Unreadable) }
    }

    /// The braces make all policies of one caller live in one slot of a cluster. With the algorithm in it, since each
    /// keeps something else.
    fn key(&self, subject: &str, policy: &Policy) -> String {
        let (prefix, name, algorithm) =
            (self.redis.prefix(), policy.name(), policy.algorithm().as_str());
        format!("{prefix}rate-limit:{{{subject}}}:{name}:{algorithm}")
    }
}

impl LimitStore for RedisLimits {
    fn ask<'a>(
        &'a self,
        subject: &'a str,
        policies: &'a [SharedPolicy],
        intent: Intent,
    ) -> BoxFuture<'a, Result<Vec<Standing>, LimitStoreAway>> {
        // Every request comes here: while Redis is away not even the question is made.
        let permit = match self.redis.admit() {
            Ok(permit) => permit,
            Err(away) => return ready(Err(LimitStoreAway(away.into()))).boxed(),
        };
        async move {
            let answer = self.run(permit, subject, policies, intent).await;
            answer.map_err(|away| LimitStoreAway(away.into()))
        }
        .boxed()
    }
}

fn standing(numbers: &[u64]) -> Option<Standing> {
    let &[allowed, remaining, retry_after, whole_after] = numbers else { return None };
    let remaining = u32::try_from(remaining).ok()?;
    Some(Standing { allowed: allowed == 1, remaining, retry_after, whole_after })
}
