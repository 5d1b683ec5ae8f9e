//! A burst of shoppers at the public listener: one at a time, bounded in number, pace and time, and counted.
//!
//! [`SHOPPERS`] accounts go through the shop for [`LASTS`], each beginning a round at most every [`PACE`]: at most 30 rounds
//! a second, which is four requests each. Nobody goes beyond the usual limit of a user (600 in a minute), since a round that
//! takes longer only delays the next.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::shopper::{Round, Shopper, ShopperError};
use crate::clients::storefront::{PaymentAnswer, Storefront, StorefrontError};
use crate::config::DerivedKey;
use crate::service::Services;

/// How many shop at once.
pub const SHOPPERS: u32 = 12;

/// How long they do.
pub const LASTS: Duration = Duration::from_secs(30);

/// From the beginning of a shopper's round to that of the next.
const PACE: Duration = Duration::from_millis(400);

/// How long a round that has begun in time may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// There is a burst already; it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a burst is running already")]
pub struct Running;

/// What became of the rounds so far.
#[derive(Debug, Default)]
struct Counts {
    ordered: AtomicU64,
    paid: AtomicU64,
    open: AtomicU64,
    refused: AtomicU64,
    other: AtomicU64,
    /// Of the slowest payment's answer, in milliseconds.
    slowest: AtomicU64,
}

/// [`Counts`] as they stood at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders that were placed.
    pub ordered: u64,
    /// Payments that were made.
    pub paid: u64,
    /// Payments that are settled later (202).
    pub open: u64,
    /// Orders and payments that were refused with 503: the circuit was open, or there was no place.
    pub refused: u64,
    /// Rounds that ended in any other way.
    pub other: u64,
    /// How long the slowest answer to a payment took.
    pub slowest: Duration,
}

/// How a burst stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BurstShown {
    /// What is left of its time; `None` where it is over.
    pub left: Option<Duration>,
    pub tally: Tally,
}

#[derive(Debug)]
struct Run {
    until: Instant,
    stop: CancellationToken,
    counts: Arc<Counts>,
    over: CancellationToken,
}

/// What a burst is made of.
#[derive(Debug)]
pub struct BurstParts {
    pub services: Services,
    /// The public listener.
    pub shop: Storefront,
    /// What the shoppers' passwords are made of.
    pub secret: DerivedKey,
    /// Where it runs, and what ends it with the process.
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// The one burst that there may be; clones share it.
#[derive(Debug, Clone)]
pub struct Burst(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: BurstParts,
    last: Mutex<Option<Run>>,
}

impl Burst {
    pub fn new(parts: BurstParts) -> Self {
        Self(Arc::new(Inner { parts, last: Mutex::new(None) }))
    }

    /// Begins one.
    ///
    /// # Errors
    /// [`Running`] while there is one.
    pub fn start(&self) -> Result<(), Running> {
        let mut last = self.last();
        if last.as_ref().is_some_and(|run| !run.over.is_cancelled()) {
            return Err(Running);
        }
        let run = Run {
            until: Instant::now() + LASTS,
            stop: self.0.parts.stop.child_token(),
            counts: Arc::default(),
            over: CancellationToken::new(),
        };
        let (until, counts) = (run.until, Arc::clone(&run.counts));
        let (stop, over) = (run.stop.clone(), run.over.clone().drop_guard());
        *last = Some(run);
        let inner = Arc::clone(&self.0);
        self.0.parts.tasks.spawn(async move {
            let _over = over;
            tracing::info!(shoppers = SHOPPERS, "a burst of shoppers begins");
            let shopping = inner.shop_until(until, &counts);
            let ended = stop.run_until_cancelled(timeout_at(until + GRACE, shopping)).await;
            let told = counts.tally();
            tracing::info!(?told, stopped = ended.is_none(), "the burst of shoppers is over");
        });
        Ok(())
    }

    /// Ends the one that runs, if any; requests that are under way are abandoned as by a client that goes away.
    pub fn stop(&self) {
        if let Some(run) = &*self.last() {
            run.stop.cancel();
        }
    }

    /// How the last one stands; `None` before the first.
    pub fn look(&self) -> Option<BurstShown> {
        let last = self.last();
        let run = last.as_ref()?;
        let left = run.until.saturating_duration_since(Instant::now());
        let left = (!run.over.is_cancelled()).then_some(left);
        Some(BurstShown { left, tally: run.counts.tally() })
    }

    fn last(&self) -> MutexGuard<'_, Option<Run>> {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    async fn shop_until(&self, until: Instant, counts: &Counts) {
        let shopping = (1..=SHOPPERS).map(|number| async move {
            match Shopper::enter(&self.parts.services, &self.parts.secret, number).await {
                Ok(shopper) => self.go_around(&shopper, until, counts).await,
                Err(error) => turned_away(number, &error),
            }
        });
        join_all(shopping).await;
    }

    async fn go_around(&self, shopper: &Shopper, until: Instant, counts: &Counts) {
        let ambient = &self.parts.services.ambient;
        while Instant::now() < until {
            let begun = Instant::now();
            let round = shopper.round(&self.parts.shop, ambient).await;
            counts.add(&round);
            sleep(PACE.saturating_sub(begun.elapsed())).await;
        }
    }
}

fn turned_away(number: u32, error: &ShopperError) {
    tracing::warn!(number, %error, "a shopper of the burst can't come in");
}

impl Counts {
    fn add(&self, round: &Round) {
        let count = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        if round.ordered {
            count(&self.ordered);
        }
        let took = u64::try_from(round.paid_in.as_millis()).unwrap_or(u64::MAX);
        self.slowest.fetch_max(took, Ordering::Relaxed);
        let failure = match &round.paid {
            Some(Ok(PaymentAnswer::Made)) => return count(&self.paid),
            Some(Ok(PaymentAnswer::Open)) => return count(&self.open),
            Some(Err(error)) => Some(error),
            None => round.ended.as_ref(),
        };
        match failure {
            Some(StorefrontError::Unavailable) => count(&self.refused),
            Some(
                StorefrontError::Refused { .. }
                | StorefrontError::NoAnswer(_)
                | StorefrontError::Unreadable(_)
                | StorefrontError::TooLong,
            ) => count(&self.other),
            None => {}
        }
    }

    fn tally(&self) -> Tally {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            ordered: read(&self.ordered),
            paid: read(&self.paid),
            open: read(&self.open),
            refused: read(&self.refused),
            other: read(&self.other),
            slowest: Duration::from_millis(read(&self.slowest)),
        }
    }
}
