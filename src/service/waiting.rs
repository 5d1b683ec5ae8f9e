//! How much background work waits, and for how long; it does none.

use scoped_futures::ScopedFutureExt;
use time::{Duration, OffsetDateTime};

use super::Services;
use super::outbox::MOST_COUNTED;
use super::transact::read;
use crate::domain::job::JobKind;
use crate::store::{self, StoreError};

/// One queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    pub waiting: i64,
    /// For how long the oldest could have been taken.
    pub oldest: Duration,
}

/// What waits in the queues that are tables, beside the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Every kind there is.
    pub jobs: Vec<(JobKind, Queue)>,
    pub webhooks: Queue,
    /// By consumer; only those that have some.
    pub dead_letters: Vec<(String, i64)>,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.waiting.measure", level = "debug", skip_all)]
pub async fn measure(services: &Services) -> Result<Waiting, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        async move {
            let jobs = store::waiting::measure_jobs(conn, now).await?;
            let webhooks = store::waiting::measure_webhooks(conn, now, MOST_COUNTED).await?;
            let dead_letters = store::waiting::count_dead_letters(conn, MOST_COUNTED).await?;
            let of_kind = |kind| {
                let due = jobs.iter().find(|(of, _queue)| *of == kind);
                (kind, due.map_or(Queue::EMPTY, |(_kind, queue)| Queue::of(*queue, now)))
            };
            let jobs = JobKind::ALL.into_iter().map(of_kind).collect();
            Ok(Waiting { jobs, webhooks: Queue::of(webhooks, now), dead_letters })
        }
        .scope_boxed()
    })
    .await
}

impl Queue {
    const EMPTY: Self = Self { waiting: 0, oldest: Duration::ZERO };

    fn of(queue: store::waiting::Queue, now: OffsetDateTime) -> Self {
        let age = |since: OffsetDateTime| (now - since).max(Duration::ZERO);
        Self { waiting: queue.waiting, oldest: queue.since.map_or(Duration::ZERO, age) }
    }
}
