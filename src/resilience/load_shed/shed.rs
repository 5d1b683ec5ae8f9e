//! The gate as requests meet it: asking for a place, waiting for one, and what is told of it all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::gate::{Arrival, Gate};
use super::law::Bounds;
use super::queue::Waiter;
use super::rank::{Class, Rank};
use super::slot::Slot;

/// One line in so long says what was refused.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// There is no place now; nothing was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more is asked for than can be done")]
pub struct Refused;

/// Admits requests to work as long as they are done well.
#[derive(Debug, Clone)]
pub struct LoadShed(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    begun: Instant,
    pub(super) hangs_after: Duration,
    gate: Mutex<Gate<Waiting>>,
    told: Mutex<Told>,
    figures: Figures,
}

#[derive(Debug)]
pub(super) struct Waiting {
    place: oneshot::Sender<Slot>,
    kind: usize,
}

impl Waiter for Waiting {
    fn is_gone(&self) -> bool {
        self.place.is_closed()
    }
}

/// What one is told who asks for a place.
#[derive(Debug)]
pub enum Asked {
    Entered(Slot),
    /// There may be one in a moment.
    Queued(Wait),
    Refused(Refused),
}

/// A wait in the queue; whoever drops it has given up.
#[derive(Debug)]
pub struct Wait {
    inner: Arc<Inner>,
    class: Class,
    since: Duration,
    patience: Duration,
    place: oneshot::Receiver<Slot>,
}

impl Wait {
    /// Waits it out.
    ///
    /// # Errors
    /// [`Refused`] where there was no place in time.
    pub async fn over(self) -> Result<Slot, Refused> {
        let Self { inner, class, since, patience, place } = self;
        let waited = timeout(patience, place).await;
        inner.figures.waited.record(inner.now().saturating_sub(since));
        match waited {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(inner.refuse(class)),
        }
    }
}

/// What was refused since the last line in the log.
#[derive(Debug, Default)]
struct Told {
    at: Option<Duration>,
    refused: [u64; Class::ALL.len()],
}

struct Figures {
    limit: Gauge,
    at_work: Gauge,
    hanging: Gauge,
    waited: Histogram,
    refused: [Counter; Class::ALL.len()],
}

impl std::fmt::Debug for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Figures").finish_non_exhaustive()
    }
}

impl LoadShed {
    /// `kinds`: how many operations are told apart.
    pub fn new(bounds: Bounds, kinds: usize) -> Self {
        let inner = Inner {
            begun: Instant::now(),
            hangs_after: bounds.hangs_after,
            gate: Mutex::new(Gate::new(bounds, kinds)),
            told: Mutex::default(),
            figures: Figures::new(),
        };
        inner.show(&inner.lock());
        Self(Arc::new(inner))
    }

    /// Whether there is a place now. `kind`: which operation it is for; one that is beyond the last teaches nothing.
    pub fn ask(&self, rank: Rank, kind: usize) -> Asked {
        self.ask_at(self.0.now(), rank, kind)
    }

    fn ask_at(&self, now: Duration, rank: Rank, kind: usize) -> Asked {
        let inner = &self.0;
        let mut place = None;
        let arrival = {
            // A calm may have ended by now, and who waits goes before who comes.
            let mut gate = inner.let_in(inner.lock(), now);
            let arrival = gate.arrive(now, rank, kind, || {
                let (sender, receiver) = oneshot::channel();
                place = Some(receiver);
                Waiting { place: sender, kind }
            });
            // Whoever is turned away changes no figure.
            if arrival != Arrival::Refused {
                inner.show(&gate);
            }
            arrival
        };
        match (arrival, place) {
            (Arrival::Entered { beside }, _) => Asked::Entered(Slot::new(inner, now, kind, beside)),
            (Arrival::Queued { patience }, Some(place)) => {
                let (inner, class) = (Arc::clone(inner), rank.class());
                Asked::Queued(Wait { inner, class, since: now, patience, place })
            }
            (Arrival::Queued { .. } | Arrival::Refused, _) => {
                Asked::Refused(inner.refuse(rank.class()))
            }
        }
    }
}

impl Inner {
    pub(super) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Gate<Waiting>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is at work, and lets in whoever may enter then.
    pub(super) fn change(self: &Arc<Self>, change: impl FnOnce(&mut Gate<Waiting>)) {
        self.change_at(self.now(), change);
    }

    pub(super) fn change_at(
        self: &Arc<Self>,
        now: Duration,
        change: impl FnOnce(&mut Gate<Waiting>),
    ) {
        let mut gate = self.lock();
        change(&mut gate);
        self.show(&gate);
        drop(self.let_in(gate, now));
    }

    /// Lets in whoever waits and may enter.
    fn let_in<'gate>(
        self: &'gate Arc<Self>,
        mut gate: MutexGuard<'gate, Gate<Waiting>>,
        now: Duration,
    ) -> MutexGuard<'gate, Gate<Waiting>> {
        while let Some((waiting, beside)) = gate.next(now) {
            self.show(&gate);
            // A place that is not taken any more is given back, which locks the gate.
            drop(gate);
            drop(waiting.place.send(Slot::new(self, now, waiting.kind, beside)));
            gate = self.lock();
        }
        gate
    }

    fn refuse(&self, class: Class) -> Refused {
        let index = class.index();
        if let Some(counter) = self.figures.refused.get(index) {
            counter.increment(1);
        }
        let now = self.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = told.refused.get_mut(index) {
            *refused += 1;
        }
        if told.at.is_none_or(|at| now.saturating_sub(at) >= TELL_EVERY) {
            let [critical, normal, low] = std::mem::take(&mut told.refused);
            told.at = Some(now);
            drop(told);
            let limit = self.lock().learnt();
            tracing::warn!(
                critical,
                normal,
                low,
                limit,
                "more is asked for than can be done: refused since the last line"
            );
        }
        Refused
    }

    fn show(&self, gate: &Gate<Waiting>) {
        self.figures.limit.set(count(gate.learnt()));
        self.figures.at_work.set(count(gate.at_work()));
    }

    pub(super) fn show_hanging(&self, gate: &Gate<Waiting>) {
        self.figures.hanging.set(count(gate.hanging()));
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

impl Figures {
    fn new() -> Self {
        Self {
            limit: gauge!("load_shed_limit"),
            at_work: gauge!("load_shed_in_flight"),
            hanging: gauge!("load_shed_hanging"),
            waited: histogram!("load_shed_queue_wait_seconds"),
            refused: Class::ALL
                .map(|class| counter!("load_shed_refused_total", "class" => class.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{FutureExt, poll};
    use tokio::sync::oneshot;

    use super::{Asked, Bounds, LoadShed, Rank, Refused, Slot};
    use crate::resilience::load_shed::{carry, step_outside};

    impl LoadShed {
        fn at_work(&self) -> usize {
            self.0.lock().at_work()
        }

        /// A place, at once or after a short wait.
        async fn enter(&self, rank: Rank, kind: usize) -> Result<Slot, Refused> {
            match self.ask(rank, kind) {
                Asked::Entered(slot) => Ok(slot),
                Asked::Queued(wait) => wait.over().await,
                Asked::Refused(refused) => Err(refused),
            }
        }
    }

    const HANGS_AFTER: Duration = Duration::from_secs(3_600);

    impl Asked {
        /// Whether there is a place, at once or by now.
        fn entered(self) -> bool {
            match self {
                Self::Entered(_) => true,
                Self::Queued(mut wait) => wait.place.try_recv().is_ok(),
                Self::Refused(_) => false,
            }
        }
    }

    fn shed_of(least: u32, most: u32) -> LoadShed {
        LoadShed::new(Bounds { least, first: most, most, hangs_after: HANGS_AFTER }, 1)
    }

    fn shed(places: u32) -> LoadShed {
        shed_of(places, places)
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_it_is_dropped_and_goes_to_whoever_waits() {
        let shed = shed(1);
        let place = shed.enter(Rank::GoesOn, 0).await.unwrap();
        assert_eq!(shed.enter(Rank::Low, 0).await.unwrap_err(), Refused);
        let mut waiting = Box::pin(shed.enter(Rank::GoesOn, 0));
        assert!(poll!(&mut waiting).is_pending());
        drop(place);
        assert_eq!(shed.at_work(), 1);
        drop(waiting.now_or_never().unwrap().unwrap());
        assert_eq!(shed.at_work(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_too_long_is_refused_and_a_place_given_to_one_who_is_gone_is_free() {
        let shed = shed(1);
        let place = shed.enter(Rank::GoesOn, 0).await.unwrap();
        assert_eq!(shed.enter(Rank::GoesOn, 0).await.unwrap_err(), Refused);
        let mut waiting = Box::pin(shed.enter(Rank::GoesOn, 0));
        assert!(poll!(&mut waiting).is_pending());
        drop(place);
        // The place was handed over, and nobody took it.
        drop(waiting);
        assert_eq!(shed.at_work(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_outside_has_no_place_and_is_let_in_again_over_the_limit() {
        let shed = shed(1);
        let place = shed.enter(Rank::GoesOn, 0).await.unwrap();
        let (answer, neighbour) = oneshot::channel::<()>();
        let asking = async {
            let outside = step_outside();
            neighbour.await.unwrap();
            drop(outside);
        };
        let mut asking = Box::pin(place.hold(asking));
        assert!(poll!(&mut asking).is_pending());
        assert_eq!(shed.at_work(), 0);
        let other = shed.enter(Rank::Low, 0).await.unwrap();
        answer.send(()).unwrap();
        asking.await;
        assert_eq!(shed.at_work(), 2);
        drop((place, other));
        assert_eq!(shed.at_work(), 0);
    }

    #[test]
    fn when_a_calm_is_over_who_waits_is_let_in_before_who_comes_though_nobody_leaves() {
        let shed = shed_of(4, 8);
        let mut now = Duration::from_secs(1);
        let ask = |now, rank| shed.ask_at(now, rank, 0);
        let hang: Vec<Asked> = (0..4).map(|_| ask(now, Rank::GoesOn)).collect();
        // Nobody is seen alone, so that a calm is awaited, in which nobody enters.
        for _ in 0..10 {
            now += Duration::from_millis(10);
            shed.0.lock().learn(now, 0, Duration::from_millis(10), 4);
        }
        let waiting = ask(now + Duration::from_millis(990), Rank::Begins);
        assert!(ask(now + Duration::from_millis(1_010), Rank::GoesOn).entered());
        assert!(waiting.entered());
        assert_eq!(shed.at_work(), hang.len());
    }

    #[tokio::test]
    async fn who_hangs_has_no_place_whatever_becomes_of_it_then() {
        let shed = shed(1);
        let place = shed.enter(Rank::GoesOn, 0).await.unwrap();
        let soon = shed.0.now();
        assert!(!place.hangs_at(soon));
        let outside = place.step_outside();
        assert!(!place.hangs_at(soon + HANGS_AFTER * 2));
        drop(outside);
        assert_eq!(shed.at_work(), 1);

        assert!(place.hangs_at(soon + HANGS_AFTER * 2));
        assert_eq!(shed.at_work(), 0);
        let other = shed.enter(Rank::GoesOn, 0).await.unwrap();
        drop(place.step_outside());
        assert_eq!(shed.at_work(), 1);
        place.worked();
        assert_eq!(shed.at_work(), 1);
        drop(other);
        assert_eq!(shed.at_work(), 0);
    }

    #[tokio::test]
    async fn a_task_that_goes_on_after_its_client_left_keeps_the_place_until_it_is_done() {
        let shed = shed(1);
        let place = shed.enter(Rank::GoesOn, 0).await.unwrap();
        let (done, work) = oneshot::channel::<()>();
        let mut task = None;
        let spawning = async { task = Some(tokio::spawn(carry(async { work.await.unwrap() }))) };
        place.hold(spawning).await;
        drop(place);
        assert_eq!(shed.at_work(), 1);
        done.send(()).unwrap();
        task.unwrap().await.unwrap();
        assert_eq!(shed.at_work(), 0);
    }
}
