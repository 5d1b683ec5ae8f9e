//! Gathers orders that come at the same time into one transaction, so that one flush to disk pays for many and a hot row
//! is locked once; it decides no order.
//!
//! - Nobody waits for company: while no batch is under way an order goes at once, alone. Who comes meanwhile goes
//!   together afterwards (`line.rs` says with whom), so that batches are as large as the database is slow.
//! - Each order keeps what is its own: its key and outcome, its refusal, the cause of its event.
//! - A batch that fails is undone and places nobody: its orders are told to go alone ([`Told::GoAlone`]), so that one
//!   that can't be written, or a conflict, is no one else's failure.
//! - A batch runs in a task of its own, which the ordered stop waits for: neither a client that goes away nor a deadline
//!   cancels it. Its orders keep their places among the requests at work until it is done.
//! - A batch that takes long, since a stranger holds a row or there is no connection, leaves its place to another one.
//! - Who waits longer than one may wait for a connection is refused like one who got none.

mod line;

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{counter, gauge, histogram};
use scoped_futures::ScopedFutureExt;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, info_span};

use self::line::{Batch, Bounds, Claimed, Claims, Joined, KeyTaken, Line};
use super::OrderError;
use super::batch::{Wish, place_batch};
use crate::domain::ambient::Ambient;
use crate::resilience::load_shed::{self, Queued, Slot};
use crate::service::Services;
use crate::service::idempotency::{Answer, KeyError};
use crate::service::pool::Pool;
use crate::service::transact::{AsStoreError, transact_once};
use crate::store::StoreError;
use crate::trace_context;

/// Batches under way at once: while one waits for the disk another one has the processor.
const BATCHES: usize = 2;

/// How long a batch keeps its place: longer than a disk takes, and much shorter than anybody's patience. At most half of
/// the pool's connections are with batches that have left theirs.
const KEEPS_ITS_PLACE: Duration = Duration::from_millis(100);

/// The orders of one process that wait to be placed. Cloned for each user; everything inside is shared.
#[derive(Debug, Clone)]
pub struct Gatherer {
    /// Most orders of one transaction; with 1 nobody waits for anybody.
    most: usize,
    tasks: TaskTracker,
    line: Arc<Mutex<Line<Member>>>,
}

/// What an order is told that was gathered.
#[derive(Debug)]
pub(super) enum Told {
    Decided(Result<Answer, OrderError>),
    /// Nothing was done for it.
    GoAlone,
}

#[derive(Debug)]
struct Member {
    wish: Arc<Wish>,
    reply: oneshot::Sender<Told>,
    /// Of the request: its place, and its span.
    slot: Option<Slot>,
    span: Span,
    /// Until its batch goes.
    queued: Option<Queued>,
}

impl Gatherer {
    /// Transactions of up to `most` orders each.
    pub fn new(most: usize) -> Self {
        let line = Line::new(Bounds { orders: most, batches: BATCHES });
        Self { most, tasks: TaskTracker::new(), line: Arc::new(Mutex::new(line)) }
    }

    /// The same, and what is under way is waited for by whoever waits for these tasks.
    #[must_use]
    pub fn tracked_by(self, tasks: &TaskTracker) -> Self {
        Self { tasks: tasks.clone(), ..self }
    }

    /// Places the order with whoever else is there.
    pub(super) async fn place(&self, services: &Services, wish: &Arc<Wish>) -> Told {
        if self.most == 1 {
            return Told::GoAlone;
        }
        let (reply, mut told) = oneshot::channel();
        let (slot, span) = (load_shed::held(), Span::current());
        let queued = slot.as_ref().map(Slot::queue);
        let member = Member { wish: Arc::clone(wish), reply, slot, span, queued };
        let claims = Claims::of(&wish.command, wish.request.as_ref());
        let joined = self.with_line(|line| line.join(claims, member));
        let Joined { ticket, may_go } = match joined {
            Ok(joined) => joined,
            Err(KeyTaken) => return Told::Decided(Err(KeyError::InFlight.into())),
        };
        let database = Database { pool: services.pool.clone(), ambient: services.ambient.clone() };
        if may_go {
            self.start(&database);
        }
        let patience = services.pool.options().get_acquire_timeout();
        if let Ok(told) = timeout(patience, &mut told).await {
            return told.unwrap_or(Told::GoAlone);
        }
        if self.with_line(|line| line.leave(ticket)) {
            counter!("till_orders_waited_in_vain_total").increment(1);
            // It kept its products from those behind it.
            self.start(&database);
            return Told::Decided(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut).into()));
        }
        told.await.unwrap_or(Told::GoAlone)
    }

    /// Starts whatever may go now.
    fn start(&self, database: &Database) {
        while let Some(Batch { mut members, claimed }) = self.with_line(Line::take) {
            for member in &mut members {
                member.queued = None;
            }
            let (gatherer, database) = (self.clone(), database.clone());
            let under_way = UnderWay { gatherer, database, claimed };
            let spans: Vec<&Span> = members.iter().map(|member| &member.span).collect();
            let span = span_of(&spans);
            self.tasks.spawn(run(under_way, members).instrument(span));
        }
    }

    /// Changes who waits, and shows how many do.
    fn with_line<T>(&self, change: impl FnOnce(&mut Line<Member>) -> T) -> T {
        let mut line = self.line();
        let changed = change(&mut line);
        gauge!("till_orders_waiting").set(figure(line.len()));
        changed
    }

    fn line(&self) -> MutexGuard<'_, Line<Member>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a batch is placed.
#[derive(Debug, Clone)]
struct Database {
    pool: Pool,
    ambient: Ambient,
}

/// What a batch claims; free again when this is dropped, however the batch ended, and the next ones go.
struct UnderWay {
    gatherer: Gatherer,
    database: Database,
    claimed: Claimed,
}

impl UnderWay {
    /// Leaves its place to others where it may, and holds on to what it claims.
    fn step_aside(&mut self) {
        let half = self.database.pool.options().get_max_connections() / 2;
        let most = usize::try_from(half).unwrap_or(usize::MAX);
        let stepped = self.gatherer.line().step_aside(&mut self.claimed, most);
        if stepped {
            self.gatherer.start(&self.database);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.gatherer.line().finish(&self.claimed);
        self.gatherer.start(&self.database);
    }
}

/// Part of the trace of the first one whose trace is recorded; the others' are linked.
fn span_of(requests: &[&Span]) -> Span {
    let recorded = requests.iter().position(|request| trace_context::is_sampled(request));
    let leader = recorded.unwrap_or(0);
    let parent = requests.get(leader).and_then(|request| request.id());
    let orders = i64::try_from(requests.len()).unwrap_or(i64::MAX);
    let span = info_span!(parent: parent, "service.orders.place_batch", orders);
    for (place, request) in requests.iter().enumerate() {
        if place != leader {
            span.follows_from(*request);
        }
    }
    span
}

async fn run(mut under_way: UnderWay, members: Vec<Member>) {
    let database = under_way.database.clone();
    let told = {
        let mut placing = pin!(place_together(&database, &members));
        loop {
            match timeout(KEEPS_ITS_PLACE, &mut placing).await {
                Ok(told) => break told,
                Err(_elapsed) => under_way.step_aside(),
            }
        }
    };
    // Before anybody hears of it: whoever asks again at once finds the key free.
    drop(under_way);
    for (member, told) in members.into_iter().zip(told) {
        // The place goes with the answer.
        let Member { reply, slot, .. } = member;
        drop(reply.send(told));
        drop(slot);
    }
}

async fn place_together(database: &Database, members: &[Member]) -> Vec<Told> {
    histogram!("till_order_batch_size").record(figure(members.len()));
    let wishes: Vec<Arc<Wish>> = members.iter().map(|member| Arc::clone(&member.wish)).collect();
    let wishes = &wishes;
    let placed = transact_once(&database.pool, |conn| {
        async move { place_batch(conn, &database.ambient, wishes).await }.scope_boxed()
    });
    match placed.await {
        Ok(answers) => {
            answers.into_iter().map(|answer| Told::Decided(answer.map_err(Into::into))).collect()
        }
        Err(error) => {
            undone(&error, members.len()).unwrap_or_else(|| vec![Told::Decided(Err(error))])
        }
    }
}

/// What each is told whose batch failed; `None`: the error is its own, and would be once more.
fn undone(error: &OrderError, orders: usize) -> Option<Vec<Told>> {
    match error.as_store_error() {
        Some(StoreError::Retry(_)) => Some(go_alone(error, orders)),
        _ if orders == 1 => None,
        Some(StoreError::Unavailable(cause)) => Some(none_is_available(cause, orders)),
        _ => Some(go_alone(error, orders)),
    }
}

fn go_alone(error: &OrderError, orders: usize) -> Vec<Told> {
    tracing::debug!(
        orders,
        %error,
        "a batch of orders is undone: each goes alone"
    );
    counter!("till_order_batches_undone_total").increment(1);
    std::iter::repeat_with(|| Told::GoAlone).take(orders).collect()
}

/// The batch may even be committed, which its orders' keys will tell.
fn none_is_available(cause: &sqlx::Error, orders: usize) -> Vec<Told> {
    let error: &dyn std::error::Error = cause;
    tracing::warn!(orders, error, "a batch of orders is lost: the database is not available");
    let unavailable = || StoreError::Unavailable(alike(cause)).into();
    std::iter::repeat_with(|| Told::Decided(Err(unavailable()))).take(orders).collect()
}

/// What can be told of an error to more than one.
fn alike(cause: &sqlx::Error) -> sqlx::Error {
    match cause {
        sqlx::Error::PoolTimedOut => sqlx::Error::PoolTimedOut,
        sqlx::Error::Io(error) => sqlx::Error::Io(io::Error::new(error.kind(), error.to_string())),
        other => sqlx::Error::Io(io::Error::other(other.to_string())),
    }
}

fn figure(orders: usize) -> f64 {
    u32::try_from(orders).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::{Span, info_span};
    use tracing_subscriber::layer::SubscriberExt;

    use super::{alike, span_of};
    use crate::trace_context;

    /// A request within this trace.
    fn request(trace: &str, flags: &str) -> Span {
        let span = info_span!("request");
        trace_context::continue_carried(
            &span,
            Some(&format!("00-{trace}-00f067aa0ba902b7-{flags}")),
        );
        span
    }

    #[test]
    fn a_batch_is_part_of_a_trace_that_is_recorded_if_there_is_one() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let layer = layer.with_context_activation(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let traces = ["1", "2", "3"].map(|digit| digit.repeat(32));
            let [unrecorded, recorded, other] = traces.each_ref();
            let (first, second) = (request(unrecorded, "00"), request(recorded, "01"));
            let third = request(other, "01");
            for (requests, trace) in [
                (vec![&first, &second, &third], recorded),
                (vec![&third, &second], other),
                (vec![&first], unrecorded),
            ] {
                let _within = span_of(&requests).entered();
                let current = trace_context::current();
                assert!(current.as_ref().is_some_and(|text| text.contains(trace)), "{current:?}");
            }
        });
    }

    #[test]
    fn who_is_told_of_a_lost_batch_is_told_why() {
        assert!(matches!(alike(&sqlx::Error::PoolTimedOut), sqlx::Error::PoolTimedOut));
        let away = std::io::Error::new(std::io::ErrorKind::NotConnected, "it is away");
        let away = sqlx::Error::Io(away);
        assert_eq!(alike(&away).to_string(), away.to_string());
        assert!(alike(&sqlx::Error::WorkerCrashed).to_string().contains("background"));
    }
}
