//! Sends webhooks that are due: leases as many as there are places for, and tries each beside the others.
//!
//! A slow endpoint holds a place of its own for as long as it takes, up to a few; the others go on. Busy, it looks every
//! few milliseconds; idle, up to [`LONGEST_PAUSE`] apart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::DrainError;
use super::trouble::Trouble;
use crate::domain::ids::LeaseToken;
use crate::service::webhooks::{Batch, QueuedDelivery, Webhooks, deliver, give_back, lease_due};

/// Deliveries under way at a time.
const PLACES: usize = 64;
/// Deliveries leased by one statement.
const BATCH: usize = 64;
/// Pauses between two looks at what is due.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How long a stop waits for what is under way before the rest is given back.
const FINISH_WITHIN: Duration = Duration::from_secs(3);

/// Sends what is due.
#[derive(Debug)]
pub(super) struct Postman {
    webhooks: Webhooks,
}

impl Postman {
    pub(super) fn new(webhooks: Webhooks) -> Self {
        Self { webhooks }
    }

    /// Until told to stop; what is under way then is finished or given back.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(PLACES));
        let under_way = TaskTracker::new();
        let mut trouble = Trouble::new("the sending of webhooks");
        let mut pause = SHORTEST_PAUSE;
        while let Some(free) = stop.run_until_cancelled(take(&places)).await.flatten() {
            pause = match lease_due(&self.webhooks, rows(free.num_permits())).await {
                Ok(batch) => {
                    trouble.over();
                    let pause = pause_after(pause, batch.deliveries.len(), free.num_permits());
                    self.spawn(batch, free, &under_way, &stop);
                    pause
                }
                Err(error) => trouble.failed(&error),
            };
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        under_way.close();
        under_way.wait().await;
    }

    /// Tries all that is due, and what becomes due by that; how many.
    pub(super) async fn drain(&self) -> Result<usize, DrainError> {
        let mut tried = 0;
        loop {
            let Batch { token, deliveries } = lease_due(&self.webhooks, rows(BATCH)).await?;
            if deliveries.is_empty() {
                return Ok(tried);
            }
            tried += deliveries.len();
            let tries = deliveries.iter().map(|delivery| deliver(&self.webhooks, token, delivery));
            for result in join_all(tries).await {
                result?;
            }
        }
    }

    /// Each delivery holds one of the places until it is known what came of the try.
    fn spawn(
        self: &Arc<Self>,
        batch: Batch,
        mut free: OwnedSemaphorePermit,
        under_way: &TaskTracker,
        stop: &CancellationToken,
    ) {
        for delivery in batch.deliveries {
            let place = free.split(1);
            let (postman, stop, token) = (Arc::clone(self), stop.clone(), batch.token);
            under_way.spawn(async move {
                postman.try_once(token, &delivery, &stop).await;
                drop(place);
            });
        }
    }

    async fn try_once(
        &self,
        token: LeaseToken,
        delivery: &QueuedDelivery,
        stop: &CancellationToken,
    ) {
        let give_up = async {
            stop.cancelled().await;
            sleep(FINISH_WITHIN).await;
        };
        let result = tokio::select! {
            result = deliver(&self.webhooks, token, delivery) => result,
            () = give_up => give_back(&self.webhooks, token, delivery.id).await,
        };
        if let Err(error) = result {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, delivery = %delivery.id, "a webhook's try is made again when its lease is over");
        }
    }
}

/// Places for the next deliveries, as soon as one is free.
async fn take(places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    let mut free = Arc::clone(places).acquire_owned().await.ok()?;
    let more = u32::try_from(places.available_permits().min(BATCH - 1)).unwrap_or(0);
    if let Ok(more) = Arc::clone(places).try_acquire_many_owned(more) {
        free.merge(more);
    }
    Some(free)
}

fn rows(places: usize) -> i64 {
    i64::try_from(places).unwrap_or(i64::MAX)
}

/// Short while something comes, longer and longer while nothing does.
fn pause_after(last: Duration, found: usize, wanted: usize) -> Duration {
    if found == wanted {
        Duration::ZERO
    } else if found > 0 {
        SHORTEST_PAUSE
    } else {
        (last * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }
}
