//! Where limits are kept: shared by all instances where there is such a place, else in the process; it decides nothing itself.

use std::error::Error;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use metrics::{Counter, Histogram, counter, histogram};
use tokio::time::Instant;

use super::in_process::InProcess;
use super::law::Standing;
use super::policy::SharedPolicy;
use crate::domain::clock::Clock;

/// Whether the request is made or only asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    Take,
    Look,
}

/// The shared place did not answer in the time one may wait for it.
#[derive(Debug, thiserror::Error)]
#[error("the shared limits did not answer")]
pub struct LimitStoreAway(#[source] pub Box<dyn Error + Send + Sync>);

/// A place that all instances share. It waits for nothing longer than a request can.
pub trait LimitStore: Send + Sync {
    /// One request of one caller under all these policies, atomically: passes where each lets it pass, and only then is
    /// taken from each. The standings are in the order of the policies.
    fn ask<'a>(
        &'a self,
        subject: &'a str,
        policies: &'a [SharedPolicy],
        intent: Intent,
    ) -> BoxFuture<'a, Result<Vec<Standing>, LimitStoreAway>>;
}

/// Limits that go on whatever becomes of the shared place: without it each instance enforces the full limit by itself.
#[derive(Clone)]
pub struct RateLimiter {
    shared: Option<Arc<dyn LimitStore>>,
    local: InProcess,
    figures: Figures,
}

/// Looked up in the recorder once.
#[derive(Clone)]
struct Figures {
    by_shared: Histogram,
    by_local: Histogram,
    fallbacks: Counter,
}

impl Figures {
    fn new() -> Self {
        const CHECK: &str = "rate_limit_check_duration_seconds";
        Self {
            by_shared: histogram!(CHECK, "store" => "shared"),
            by_local: histogram!(CHECK, "store" => "local"),
            fallbacks: counter!("rate_limit_fallbacks_total"),
        }
    }
}

impl RateLimiter {
    /// In this process alone.
    pub fn in_process(clock: Arc<dyn Clock>) -> Self {
        Self { shared: None, local: InProcess::new(clock), figures: Figures::new() }
    }

    /// Shared; `clock` is for the time without the shared place, which has a clock of its own.
    pub fn shared(store: Arc<dyn LimitStore>, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Some(store), local: InProcess::new(clock), figures: Figures::new() }
    }

    /// As [`LimitStore::ask`], but it always answers.
    pub async fn ask(
        &self,
        subject: &str,
        policies: &[SharedPolicy],
        intent: Intent,
    ) -> Vec<Standing> {
        if policies.is_empty() {
            return Vec::new();
        }
        let begun = Instant::now();
        let (standings, duration) = match self.ask_shared(subject, policies, intent).await {
            Some(standings) => (standings, &self.figures.by_shared),
            None => (self.local.ask(subject, policies, intent), &self.figures.by_local),
        };
        duration.record(begun.elapsed());
        standings
    }

    async fn ask_shared(
        &self,
        subject: &str,
        policies: &[SharedPolicy],
        intent: Intent,
    ) -> Option<Vec<Standing>> {
        match self.shared.as_ref()?.ask(subject, policies, intent).await {
            Ok(standings) => Some(standings),
            // Said by the store's own circuit, once; here it is counted.
            Err(LimitStoreAway(_)) => {
                self.figures.fallbacks.increment(1);
                None
            }
        }
    }
}

impl std::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiter")
            .field("shared", &self.shared.is_some())
            .finish_non_exhaustive()
    }
}
