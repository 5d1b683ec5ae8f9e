//! Gathers orders that come at the same time into one transaction, so that one flush to disk pays for many and a hot row
//! is locked once; it decides no order.
//!
//! - Nobody waits for company: while no batch is under way an order goes at once, alone. Who comes meanwhile goes
//!   together afterwards (`line.rs` says with whom), so that batches are as large as the database is slow.
//! - Each order keeps what is its own: its key and outcome, its refusal, the cause of its event.
//! - A batch that fails is undone and places nobody: its orders are told to go alone ([`Told::GoAlone`]), so that one
//!   that can't be written, or a conflict, is no one else's failure.
//! - A batch runs in a task of its own, which the ordered stop waits for: neither a client that goes away nor a deadline
//!   cancels it. Its orders keep their places among the requests at work until it is done. Whoever goes away while they
//!   still wait leaves the line, and nothing is done for them.
//! - Who waits longer than one may wait for a connection is refused like one who got none.

mod line;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{counter, histogram};
use scoped_futures::ScopedFutureExt;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, info_span};

use self::line::{Batch, Bounds, Claims, KeyTaken, Line, Ticket};
use super::OrderError;
use super::batch::{Wish, place_batch};
use crate::domain::ambient::Ambient;
use crate::resilience::load_shed::{self, Slot};
use crate::service::Services;
use crate::service::idempotency::{Answer, KeyError};
use crate::service::pool::Pool;
use crate::service::transact::transact_once;
use crate::store::StoreError;

/// Batches under way at once: while one waits for the disk another one has the processor.
const BATCHES: usize = 2;

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
        let member = Member { wish: Arc::clone(wish), reply, slot, span };
        let claims = Claims::of(&wish.command, wish.request.as_ref());
        let joined = self.line().join(claims, member);
        let waiting = match joined {
            Ok(ticket) => Waiting { gatherer: self, ticket },
            Err(KeyTaken) => return Told::Decided(Err(KeyError::InFlight.into())),
        };
        let database = Database { pool: services.pool.clone(), ambient: services.ambient.clone() };
        self.start(&database);
        let patience = services.pool.options().get_acquire_timeout();
        if let Ok(told) = timeout(patience, &mut told).await {
            return told.unwrap_or(Told::GoAlone);
        }
        if waiting.leave() {
            return Told::Decided(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut).into()));
        }
        told.await.unwrap_or(Told::GoAlone)
    }

    /// Starts whatever may go now.
    fn start(&self, database: &Database) {
        loop {
            let Some(batch) = self.line().take() else { return };
            let Batch { members, claims } = batch;
            let under_way = UnderWay { gatherer: self.clone(), database: database.clone(), claims };
            let span = span_of(&members);
            self.tasks.spawn(run(under_way, members).instrument(span));
        }
    }

    fn line(&self) -> MutexGuard<'_, Line<Member>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits; they leave the line when they go away.
struct Waiting<'a> {
    gatherer: &'a Gatherer,
    ticket: Ticket,
}

impl Waiting<'_> {
    /// `false` where it is under way already, or back.
    fn leave(&self) -> bool {
        self.gatherer.line().leave(self.ticket)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.leave();
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
    claims: Vec<Claims>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.gatherer.line().finish(&self.claims);
        self.gatherer.start(&self.database);
    }
}

/// Part of the first one's trace; the others' are linked.
fn span_of(members: &[Member]) -> Span {
    let leader = members.first().and_then(|member| member.span.id());
    let orders = members.len();
    let span = info_span!(parent: leader, "service.orders.place_batch", orders);
    for other in members.iter().skip(1) {
        span.follows_from(&other.span);
    }
    span
}

async fn run(under_way: UnderWay, members: Vec<Member>) {
    let told = place_together(&under_way.database, &members).await;
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
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    histogram!("till_order_batch_size").record(members.len() as f64);
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
    match error {
        // It may even be committed, which their keys will tell.
        OrderError::Store(StoreError::Unavailable(_)) => Some(
            std::iter::repeat_with(|| Told::Decided(Err(unavailable()))).take(orders).collect(),
        ),
        OrderError::Store(StoreError::Retry(_)) => Some(go_alone(error, orders)),
        _ if orders > 1 => Some(go_alone(error, orders)),
        _ => None,
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

fn unavailable() -> OrderError {
    let error = io::Error::new(io::ErrorKind::NotConnected, "the connection of the batch is lost");
    StoreError::Unavailable(sqlx::Error::Io(error)).into()
}
