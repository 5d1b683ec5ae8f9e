//! Who enters, who waits and who is refused: four ranks before one limit; pure, it is told the time and wakes nobody itself.

use std::time::Duration;

use super::law::{Bounds, Law, Sample};
use super::queue::{Queue, Waiter};
use super::rank::Rank;

/// So many of one kind may hang, and half of the limit where that is more, before more of it are refused.
const MAY_HANG: usize = 4;

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
    /// Of each kind, how many hang: they wait for something, a lock in the database say, and have no place.
    hanging: Vec<usize>,
    /// In the order of [`Rank::ALL`].
    queues: [Queue<W>; Rank::ALL.len()],
}

impl<W: Waiter> Gate<W> {
    pub(super) fn new(bounds: Bounds, kinds: usize) -> Self {
        let (law, hanging) = (Law::new(bounds, kinds), vec![0; kinds]);
        Self { law, at_work: 0, hanging, queues: Rank::ALL.map(Queue::new) }
    }

    /// The limit, a calm left out.
    pub(super) fn learnt(&self) -> usize {
        self.law.learnt()
    }

    pub(super) fn at_work(&self) -> usize {
        self.at_work
    }

    /// How many hang.
    pub(super) fn hanging(&self) -> usize {
        self.hanging.iter().sum()
    }

    /// `waiter` is made only where there is something to wait for.
    pub(super) fn arrive(
        &mut self,
        now: Duration,
        rank: Rank,
        kind: usize,
        waiter: impl FnOnce() -> W,
    ) -> Arrival {
        self.law.tick(now, self.at_work);
        // More would wait for the same.
        let hanging = self.hanging.get(kind).copied().unwrap_or_default();
        if hanging >= MAY_HANG.max(self.law.learnt() / 2) {
            return Arrival::Refused;
        }
        for queue in &mut self.queues {
            queue.look(now);
        }
        let ([before @ .., own], _) = self.queues.split_at_mut(rank.index() + 1) else {
            return Arrival::Refused;
        };
        let nobody_waits = own.is_empty() && before.iter().all(Queue::is_empty);
        if nobody_waits && self.at_work < share(&self.law, now, rank) {
            self.at_work += 1;
            return Arrival::Entered { beside: self.at_work };
        }
        // Whoever would wait behind those would wait in vain.
        if before.iter().any(|queue| queue.stands(now)) {
            return Arrival::Refused;
        }
        let Some(patience) = own.patience(now, self.law.learnt()) else { return Arrival::Refused };
        own.join(now, waiter());
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

    /// Somebody at work hangs, and leaves their place to others.
    pub(super) fn hang(&mut self, kind: usize) {
        self.leave();
        if let Some(hanging) = self.hanging.get_mut(kind) {
            *hanging += 1;
        }
    }

    /// Somebody who hung has left.
    pub(super) fn hung(&mut self, kind: usize) {
        if let Some(hanging) = self.hanging.get_mut(kind) {
            *hanging = hanging.saturating_sub(1);
        }
    }

    /// Takes in what one took who is about to leave; `beside`: how many were at work when they entered.
    pub(super) fn learn(&mut self, now: Duration, kind: usize, took: Duration, beside: usize) {
        self.law.learn(now, Sample { kind, took, beside, beside_at_end: self.at_work });
    }

    /// The next to be let in, and how many are at work then. To be asked until there is none.
    pub(super) fn next(&mut self, now: Duration) -> Option<(W, usize)> {
        self.law.tick(now, self.at_work);
        for queue in &mut self.queues {
            // Whoever comes behind may take less still.
            if self.at_work >= share(&self.law, now, queue.rank()) {
                return None;
            }
            if let Some(waiter) = queue.take(now) {
                self.at_work += 1;
                return Some((waiter, self.at_work));
            }
        }
        None
    }
}

/// How many may be at work for one of this rank to enter.
fn share(law: &Law, now: Duration, rank: Rank) -> usize {
    let limit = if rank == Rank::GoesOn { law.limit_going_on(now) } else { law.limit() };
    rank.share(limit)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
    use proptest::test_runner::TestCaseError;

    use super::{Arrival, Gate, Rank, share};
    use crate::resilience::load_shed::Bounds;
    use crate::resilience::load_shed::queue::Waiter;

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

    fn bounds(least: u32, first: u32, most: u32) -> Bounds {
        Bounds { least, first, most, hangs_after: Duration::MAX }
    }

    fn gate(limit: u32) -> Gate<Guest> {
        Gate::new(bounds(limit, limit, limit), 1)
    }

    const START: Duration = Duration::from_secs(1);

    fn arrive(gate: &mut Gate<Guest>, rank: Rank) -> Arrival {
        gate.arrive(START, rank, 0, || guest(0))
    }

    #[test]
    fn low_may_take_half_of_the_places_normal_three_quarters_beginners_most_and_who_goes_on_all() {
        let mut gate = gate(8);
        for (rank, places) in
            [(Rank::Low, 4), (Rank::Normal, 6), (Rank::Begins, 7), (Rank::GoesOn, 8)]
        {
            while matches!(arrive(&mut gate, rank), Arrival::Entered { .. }) {}
            // The one that found none waits, and holds up nobody of a higher rank.
            assert_eq!(gate.at_work(), places);
        }
    }

    #[test]
    fn however_small_the_limit_is_each_class_gets_a_place_when_nobody_is_there() {
        for rank in Rank::ALL {
            assert_eq!(arrive(&mut gate(1), rank), Arrival::Entered { beside: 1 });
        }
    }

    #[test]
    fn who_goes_on_is_let_in_before_who_begins_then_normal_then_low() {
        let mut gate = gate(4);
        for _ in 0..4 {
            arrive(&mut gate, Rank::GoesOn);
        }
        for (number, rank) in Rank::ALL.into_iter().rev().enumerate() {
            let patience = rank.patience();
            let queued = gate.arrive(START, rank, 0, || guest(number));
            assert_eq!(queued, Arrival::Queued { patience });
        }
        let mut let_in = Vec::new();
        for _ in 0..6 {
            gate.leave();
            while let Some((guest, _)) = gate.next(START) {
                let_in.push(guest.number);
            }
        }
        assert_eq!(let_in, [3, 2, 1, 0]);
    }

    #[test]
    fn behind_a_queue_that_stands_nobody_of_less_rank_waits_and_low_not_behind_its_own() {
        for standing in Rank::ALL {
            let mut gate = gate(4);
            for _ in 0..4 {
                arrive(&mut gate, Rank::GoesOn);
            }
            arrive(&mut gate, standing);
            for rank in Rank::ALL {
                let refused = rank > standing || rank == Rank::Low && standing == Rank::Low;
                let arrival = gate.arrive(START + standing.stands_after(), rank, 0, || guest(1));
                assert_eq!(arrival == Arrival::Refused, refused, "{rank:?} behind {standing:?}");
            }
        }
    }

    #[test]
    fn a_queue_that_comes_and_goes_is_served_in_order_and_one_that_stands_from_its_new_end() {
        let mut gate = gate(4);
        for _ in 0..4 {
            arrive(&mut gate, Rank::GoesOn);
        }
        let queue =
            |gate: &mut Gate<Guest>, at, number| gate.arrive(at, Rank::GoesOn, 0, || guest(number));
        let passing = Arrival::Queued { patience: Rank::GoesOn.patience() };
        assert_eq!(queue(&mut gate, START, 1), passing);
        assert_eq!(queue(&mut gate, START, 2), passing);
        gate.leave();
        assert_eq!(gate.next(START).unwrap().0.number, 1);
        let later = START + Rank::GoesOn.stands_after();
        let patience = Rank::GoesOn.patience_standing().unwrap();
        let standing = Arrival::Queued { patience };
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

    /// With so many at work, which is half of the limit, at the moment that a calm is awaited.
    fn gate_that_awaits_a_calm(at_work: usize) -> (Gate<Guest>, Duration) {
        let limit = u32::try_from(at_work * 2).unwrap();
        let mut gate = gate(limit);
        for _ in 0..at_work {
            arrive(&mut gate, Rank::GoesOn);
        }
        // Nobody is seen alone until one is to be made.
        let mut times = (1..100).map(|tenth| Duration::from_millis(tenth * 100));
        let now = times.find(|now| {
            (0..10).for_each(|_| gate.learn(*now, 0, Duration::from_millis(10), at_work));
            gate.law.limit() == 1
        });
        (gate, now.unwrap())
    }

    fn enters(gate: &mut Gate<Guest>, now: Duration, rank: Rank) -> bool {
        matches!(gate.arrive(now, rank, 0, || guest(0)), Arrival::Entered { .. })
    }

    #[test]
    fn before_a_calm_is_made_who_goes_on_with_something_is_let_in_for_a_moment_and_nobody_else() {
        let (mut gate, now) = gate_that_awaits_a_calm(4);
        assert!(enters(&mut gate, now, Rank::GoesOn));
        assert!(!enters(&mut gate, now, Rank::Begins));
        for _ in 0..4 {
            gate.leave();
            assert!(gate.next(now).is_none());
        }
        // Now there is calm, for everybody.
        assert!(!enters(&mut gate, now, Rank::GoesOn));
        gate.leave();
        assert!(gate.next(now).is_some());
        assert!(gate.next(now).is_none());

        let (mut gate, now) = gate_that_awaits_a_calm(4);
        assert!(!enters(&mut gate, now + Duration::from_millis(100), Rank::GoesOn));
    }

    #[test]
    fn who_hangs_leaves_the_place_to_others_and_when_many_of_a_kind_do_no_more_of_it_come_in() {
        for (limit, may_hang) in [(4, 4), (20, 10)] {
            let mut gate = Gate::<Guest>::new(bounds(limit, limit, limit), 2);
            for hanging in 0..may_hang {
                let arrival = gate.arrive(START, Rank::GoesOn, 0, || guest(0));
                assert_eq!(arrival, Arrival::Entered { beside: 1 }, "{hanging}");
                gate.hang(0);
            }
            let of_kind =
                |gate: &mut Gate<Guest>, kind| gate.arrive(START, Rank::GoesOn, kind, || guest(0));
            assert_eq!(of_kind(&mut gate, 0), Arrival::Refused);
            assert_eq!(of_kind(&mut gate, 1), Arrival::Entered { beside: 1 });
            gate.hung(0);
            assert_eq!(of_kind(&mut gate, 0), Arrival::Entered { beside: 2 });
        }
    }

    #[test]
    fn a_calm_is_given_up_where_they_leave_slowly() {
        let (mut gate, begun) = gate_that_awaits_a_calm(20);
        let given_up = (0_u64..100).find(|tenth| {
            gate.leave();
            assert!(gate.next(begun + Duration::from_millis(tenth * 100)).is_none());
            gate.law.limit() > 1
        });
        assert_eq!(given_up, Some(10));
    }

    #[test]
    fn a_queue_is_bounded_and_those_who_gave_up_take_no_room_in_it() {
        let mut gate = gate(4);
        for _ in 0..4 {
            arrive(&mut gate, Rank::GoesOn);
        }
        let guests: Vec<Guest> = (0..32).map(guest).collect();
        for guest in &guests {
            assert!(matches!(
                gate.arrive(START, Rank::GoesOn, 0, || guest.clone()),
                Arrival::Queued { .. }
            ));
        }
        assert_eq!(arrive(&mut gate, Rank::GoesOn), Arrival::Refused);
        guests[0].gone.set(true);
        assert!(matches!(arrive(&mut gate, Rank::GoesOn), Arrival::Queued { .. }));
    }

    #[derive(Debug, Clone, Copy)]
    enum Event {
        Comes(Rank),
        Leaves,
        StepsOutside,
        ComesBack,
        GivesUp,
    }

    fn event(number: u8) -> Event {
        match number % 8 {
            0 => Event::Comes(Rank::Low),
            1 => Event::Comes(Rank::Normal),
            2 => Event::Comes(Rank::Begins),
            3 => Event::Comes(Rank::GoesOn),
            4 => Event::StepsOutside,
            5 => Event::ComesBack,
            6 => Event::GivesUp,
            _ => Event::Leaves,
        }
    }

    /// As whoever holds the gate does before somebody comes, and after a place got free.
    fn let_in(
        gate: &mut Gate<Guest>,
        now: Duration,
        at_work: &mut usize,
        waiting: &mut Vec<(Rank, Guest)>,
    ) -> Result<(), TestCaseError> {
        while let Some((guest, beside)) = gate.next(now) {
            prop_assert!(!guest.is_gone());
            *at_work += 1;
            prop_assert_eq!(beside, *at_work);
            waiting.retain(|(_, other)| other.number != guest.number);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn whatever_happens_nobody_waits_for_a_place_that_is_free(
            limit in 1_u32..12,
            events in prop::collection::vec((any::<u8>(), 0_u64..40), 0..400),
        ) {
            // Of a limit that moves, and calms between; each kind of work takes longer the more there is of it.
            let mut gate = Gate::<Guest>::new(bounds(1, limit, 12), 1);
            let mut now = START;
            let (mut at_work, mut outside) = (0_usize, 0_usize);
            let mut waiting: Vec<(Rank, Guest)> = Vec::new();
            for (number, (drawn, pause)) in events.into_iter().enumerate() {
                now += Duration::from_millis(pause);
                if !matches!(event(drawn), Event::GivesUp) {
                    let_in(&mut gate, now, &mut at_work, &mut waiting)?;
                }
                match event(drawn) {
                    Event::Comes(rank) => {
                        let guest = guest(number);
                        match gate.arrive(now, rank, 0, || guest.clone()) {
                            Arrival::Entered { beside } => {
                                at_work += 1;
                                prop_assert_eq!(beside, at_work);
                                prop_assert!(at_work <= share(&gate.law, now, rank));
                            }
                            Arrival::Queued { .. } => waiting.push((rank, guest)),
                            Arrival::Refused => prop_assert!(at_work > 0),
                        }
                    }
                    Event::Leaves if at_work > 0 => {
                        let took = Duration::from_millis(u64::try_from(at_work).unwrap() * 10);
                        gate.learn(now, 0, took, at_work);
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
                if !matches!(event(drawn), Event::GivesUp | Event::Comes(_)) {
                    let_in(&mut gate, now, &mut at_work, &mut waiting)?;
                }
                // Whom the gate has dropped is refused.
                waiting.retain(|(_, guest)| Rc::strong_count(&guest.gone) > 1);
                prop_assert_eq!(gate.at_work(), at_work);
                for (rank, _) in &waiting {
                    prop_assert!(at_work >= share(&gate.law, now, *rank));
                }
            }
        }
    }
}
