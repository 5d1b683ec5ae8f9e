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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::{Arrival, Class, Gate, PATIENCE, PATIENCE_STANDING, STANDS_AFTER, Waiter};
    use crate::resilience::load_shed::Bounds;

    #[derive(Debug, Clone)]
    struct Guest {
        number: usize,
        gone: Rc<Cell<bool>>,
    }

    impl Waiter for Guest {
        fn is_gone(&self) -> bool {
            self.gone.get()
        }
    }

    fn guest(number: usize) -> Guest {
        Guest { number, gone: Rc::default() }
    }

    fn gate(limit: u32) -> Gate<Guest> {
        Gate::new(Bounds { least: limit, first: limit, most: limit }, 0)
    }

    const START: Duration = Duration::from_secs(1);

    fn arrive(gate: &mut Gate<Guest>, class: Class) -> Arrival {
        gate.arrive(START, class, || guest(0))
    }

    #[test]
    fn low_may_take_half_of_the_places_normal_three_quarters_and_critical_all() {
        let mut gate = gate(8);
        for (class, places) in [(Class::Low, 4), (Class::Normal, 6), (Class::Critical, 8)] {
            while matches!(arrive(&mut gate, class), Arrival::Entered { .. }) {}
            assert_eq!(gate.at_work(), places);
        }
    }

    #[test]
    fn however_small_the_limit_is_each_class_gets_a_place_when_nobody_is_there() {
        for class in Class::ALL {
            assert_eq!(arrive(&mut gate(1), class), Arrival::Entered { beside: 1 });
        }
    }

    #[test]
    fn critical_is_let_in_before_normal_and_low_does_not_wait() {
        let mut gate = gate(4);
        for _ in 0..4 {
            arrive(&mut gate, Class::Critical);
        }
        assert_eq!(arrive(&mut gate, Class::Low), Arrival::Refused);
        gate.arrive(START, Class::Normal, || guest(1));
        gate.arrive(START, Class::Critical, || guest(2));
        let mut let_in = Vec::new();
        for _ in 0..4 {
            gate.leave();
            while let Some((guest, _)) = gate.next(START) {
                let_in.push(guest.number);
            }
        }
        assert_eq!(let_in, [2, 1]);
    }

    #[test]
    fn a_queue_that_comes_and_goes_is_served_in_order_and_one_that_stands_from_its_new_end() {
        let mut gate = gate(4);
        for _ in 0..4 {
            arrive(&mut gate, Class::Critical);
        }
        let queue =
            |gate: &mut Gate<Guest>, at, number| gate.arrive(at, Class::Critical, || guest(number));
        assert_eq!(queue(&mut gate, START, 1), Arrival::Queued { patience: PATIENCE });
        assert_eq!(queue(&mut gate, START, 2), Arrival::Queued { patience: PATIENCE });
        gate.leave();
        assert_eq!(gate.next(START).unwrap().0.number, 1);
        let later = START + STANDS_AFTER;
        let standing = Arrival::Queued { patience: PATIENCE_STANDING };
        assert_eq!(queue(&mut gate, later, 3), standing);
        assert_eq!(queue(&mut gate, later, 4), standing);
        gate.leave();
        assert_eq!(gate.next(later).unwrap().0.number, 4);
        gate.leave();
        assert_eq!(gate.next(later).unwrap().0.number, 3);
        // The one that has waited since the beginning is dropped, which tells it that it is refused.
        gate.leave();
        assert!(gate.next(later).is_none());
        assert_eq!(queue(&mut gate, later, 5), Arrival::Entered { beside: 4 });
    }

    #[test]
    fn a_queue_is_bounded_and_those_who_gave_up_take_no_room_in_it() {
        let mut gate = gate(4);
        for _ in 0..4 {
            arrive(&mut gate, Class::Critical);
        }
        let guests: Vec<Guest> = (0..8).map(guest).collect();
        for guest in &guests {
            assert!(matches!(
                gate.arrive(START, Class::Critical, || guest.clone()),
                Arrival::Queued { .. }
            ));
        }
        assert_eq!(arrive(&mut gate, Class::Critical), Arrival::Refused);
        guests[0].gone.set(true);
        assert!(matches!(arrive(&mut gate, Class::Critical), Arrival::Queued { .. }));
    }

    #[derive(Debug, Clone, Copy)]
    enum Event {
        Comes(Class),
        Leaves,
        StepsOutside,
        ComesBack,
        GivesUp,
    }

    fn event(number: u8) -> Event {
        match number % 8 {
            0 => Event::Comes(Class::Low),
            1 => Event::Comes(Class::Normal),
            2..=3 => Event::Comes(Class::Critical),
            4 => Event::StepsOutside,
            5 => Event::ComesBack,
            6 => Event::GivesUp,
            _ => Event::Leaves,
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_nobody_waits_for_a_place_that_is_free(
            limit in 1_u32..12,
            events in prop::collection::vec((any::<u8>(), 0_u64..40), 0..200),
        ) {
            let (mut gate, mut now) = (gate(limit), START);
            let (mut at_work, mut outside) = (0_usize, 0_usize);
            let mut waiting: Vec<(Class, Guest)> = Vec::new();
            for (number, (drawn, pause)) in events.into_iter().enumerate() {
                now += Duration::from_millis(pause);
                match event(drawn) {
                    Event::Comes(class) => {
                        let guest = guest(number);
                        match gate.arrive(now, class, || guest.clone()) {
                            Arrival::Entered { beside } => {
                                at_work += 1;
                                prop_assert_eq!(beside, at_work);
                                prop_assert!(at_work <= usize::try_from(limit).unwrap());
                            }
                            Arrival::Queued { .. } => waiting.push((class, guest)),
                            Arrival::Refused => prop_assert!(at_work > 0),
                        }
                    }
                    Event::Leaves if at_work > 0 => {
                        at_work -= 1;
                        gate.leave();
                    }
                    Event::StepsOutside if at_work > 0 => {
                        (at_work, outside) = (at_work - 1, outside + 1);
                        gate.leave();
                    }
                    Event::ComesBack if outside > 0 => {
                        (at_work, outside) = (at_work + 1, outside - 1);
                        gate.come_back();
                    }
                    Event::GivesUp if !waiting.is_empty() => waiting.remove(0).1.gone.set(true),
                    Event::Leaves | Event::StepsOutside | Event::ComesBack | Event::GivesUp => {}
                }
                while let Some((guest, beside)) = gate.next(now) {
                    prop_assert!(!guest.is_gone());
                    at_work += 1;
                    prop_assert_eq!(beside, at_work);
                    waiting.retain(|(_, other)| other.number != guest.number);
                }
                // Whom the gate has dropped is refused.
                waiting.retain(|(_, guest)| Rc::strong_count(&guest.gone) > 1);
                prop_assert_eq!(gate.at_work(), at_work);
                let limit = usize::try_from(limit).unwrap();
                for (class, _) in &waiting {
                    prop_assert!(at_work >= class.share(limit));
                }
            }
        }
    }
}
