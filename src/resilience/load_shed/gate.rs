//! Who enters, who waits and who is refused: three classes before one limit; pure, it is told the time and wakes nobody itself.

use std::collections::VecDeque;
use std::time::Duration;

use super::law::{Bounds, Law, Sample};

/// How long one may wait while the queue comes and goes, and how long once it stands.
const PATIENCE: Duration = Duration::from_millis(100);
const PATIENCE_STANDING: Duration = Duration::from_millis(20);
/// A queue that was not empty for so long stands.
const STANDS_AFTER: Duration = Duration::from_millis(100);

/// How much depends on a request: under strain the last one goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Critical,
    Normal,
    Low,
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Critical, Self::Normal, Self::Low];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// Its place in [`Self::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Critical => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }

    /// How many may be at work, whoever they are, for one of this class to enter.
    const fn share(self, limit: usize) -> usize {
        let share = match self {
            Self::Critical => limit,
            Self::Normal => limit * 3 / 4,
            Self::Low => limit / 2,
        };
        if share == 0 { 1 } else { share }
    }

    /// How many of this class may wait; who can be done without is told so at once.
    const fn queue(self, limit: usize) -> usize {
        match self {
            Self::Critical => limit * 2,
            Self::Normal => limit,
            Self::Low => 0,
        }
    }
}

/// Whoever waits to enter.
pub(super) trait Waiter {
    /// Waits no longer.
    fn is_gone(&self) -> bool;
}

/// What becomes of one who comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// In, with so many at work, itself among them.
    Entered {
        beside: usize,
    },
    /// In the queue, for so long at most.
    Queued {
        patience: Duration,
    },
    Refused,
}

/// The places and those who wait for them.
#[derive(Debug)]
pub(super) struct Gate<W> {
    law: Law,
    at_work: usize,
    critical: Queue<W>,
    normal: Queue<W>,
}

impl<W: Waiter> Gate<W> {
    pub(super) fn new(bounds: Bounds, kinds: usize) -> Self {
        let (critical, normal) = (Queue::default(), Queue::default());
        Self { law: Law::new(bounds, kinds), at_work: 0, critical, normal }
    }

    pub(super) fn limit(&self) -> usize {
        self.law.limit()
    }

    pub(super) fn at_work(&self) -> usize {
        self.at_work
    }

    /// `waiter` is made only where there is something to wait for.
    pub(super) fn arrive(
        &mut self,
        now: Duration,
        class: Class,
        waiter: impl FnOnce() -> W,
    ) -> Arrival {
        self.law.tick(now);
        let limit = self.law.limit();
        if self.at_work < class.share(limit) && self.nobody_waits_before(class) {
            self.at_work += 1;
            return Arrival::Entered { beside: self.at_work };
        }
        let queue = match class {
            Class::Critical => &mut self.critical,
            Class::Normal => &mut self.normal,
            Class::Low => return Arrival::Refused,
        };
        queue.forget_gone();
        if queue.waiting.len() >= class.queue(limit) {
            return Arrival::Refused;
        }
        let patience = if queue.stands(now) { PATIENCE_STANDING } else { PATIENCE };
        queue.join(now, waiter());
        Arrival::Queued { patience }
    }

    /// Somebody has left, or waits for something outside.
    pub(super) fn leave(&mut self) {
        self.at_work = self.at_work.saturating_sub(1);
    }

    /// Somebody is back from outside; they are let in, for half-done work is the dearest to lose.
    pub(super) fn come_back(&mut self) {
        self.at_work += 1;
    }

    /// Takes in what one took who is about to leave; `beside`: how many were at work when they entered.
    pub(super) fn learn(&mut self, now: Duration, kind: usize, took: Duration, beside: usize) {
        self.law.learn(now, Sample { kind, took, beside, beside_at_end: self.at_work });
    }

    /// The next to be let in, and how many are at work then. To be asked until there is none.
    pub(super) fn next(&mut self, now: Duration) -> Option<(W, usize)> {
        self.law.tick(now);
        let limit = self.law.limit();
        let waiter = if self.at_work < Class::Critical.share(limit) {
            self.critical.take(now)
        } else {
            None
        };
        let waiter = match waiter {
            Some(waiter) => waiter,
            None if self.at_work < Class::Normal.share(limit) => self.normal.take(now)?,
            None => return None,
        };
        self.at_work += 1;
        Some((waiter, self.at_work))
    }

    fn nobody_waits_before(&mut self, class: Class) -> bool {
        self.critical.forget_gone();
        self.normal.forget_gone();
        match class {
            Class::Critical => self.critical.waiting.is_empty(),
            Class::Normal | Class::Low => {
                self.critical.waiting.is_empty() && self.normal.waiting.is_empty()
            }
        }
    }
}

#[derive(Debug)]
struct Queue<W> {
    /// With when each came, the oldest first.
    waiting: VecDeque<(Duration, W)>,
    /// When the first of those who wait came to an empty queue.
    filled_at: Duration,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), filled_at: Duration::ZERO }
    }
}

impl<W: Waiter> Queue<W> {
    fn join(&mut self, now: Duration, waiter: W) {
        if self.waiting.is_empty() {
            self.filled_at = now;
        }
        self.waiting.push_back((now, waiter));
    }

    fn stands(&self, now: Duration) -> bool {
        !self.waiting.is_empty() && now.saturating_sub(self.filled_at) >= STANDS_AFTER
    }

    /// The oldest; of a queue that stands the newest, and whoever came before its time is refused by being dropped.
    fn take(&mut self, now: Duration) -> Option<W> {
        loop {
            let stands = self.stands(now);
            let next = if stands { self.waiting.pop_back() } else { self.waiting.pop_front() };
            let (came, waiter) = next?;
            if stands && now.saturating_sub(came) > PATIENCE_STANDING {
                self.waiting.clear();
                return None;
            }
            if !waiter.is_gone() {
                return Some(waiter);
            }
        }
    }

    /// Each is forgotten once, so this costs nothing over time.
    fn forget_gone(&mut self) {
        while self.waiting.front().is_some_and(|(_, waiter)| waiter.is_gone()) {
            self.waiting.pop_front();
        }
    }
}
