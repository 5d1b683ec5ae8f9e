//! Those of one rank who wait for a place: oldest first while the queue comes and goes, newest first once it stands.

use std::collections::VecDeque;
use std::time::Duration;

use super::rank::Rank;

/// Once a queue stood it counts as standing for so long: under strain it is empty for a moment now and then.
const STILL_STANDS: Duration = Duration::from_millis(100);

/// Whoever waits to enter.
pub(super) trait Waiter {
    /// Waits no longer.
    fn is_gone(&self) -> bool;
}

#[derive(Debug)]
pub(super) struct Queue<W> {
    rank: Rank,
    /// With when each came, the oldest first.
    waiting: VecDeque<(Duration, W)>,
    /// When the first of those who wait came to an empty queue.
    filled_at: Duration,
    /// Until when it counts as standing, empty or not.
    stands_until: Duration,
}

impl<W: Waiter> Queue<W> {
    pub(super) fn new(rank: Rank) -> Self {
        Self {
            rank,
            waiting: VecDeque::new(),
            filled_at: Duration::ZERO,
            stands_until: Duration::ZERO,
        }
    }

    pub(super) fn rank(&self) -> Rank {
        self.rank
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// As it was when it was last looked at.
    pub(super) fn stands(&self, now: Duration) -> bool {
        now < self.stands_until
    }

    /// How long one who comes now may wait; not at all where there is no room.
    pub(super) fn patience(&self, now: Duration, limit: usize) -> Option<Duration> {
        if self.waiting.len() >= self.rank.queue(limit) {
            return None;
        }
        if self.stands(now) { self.rank.patience_standing() } else { Some(self.rank.patience()) }
    }

    pub(super) fn join(&mut self, now: Duration, waiter: W) {
        if self.is_empty() {
            self.filled_at = now;
        }
        self.waiting.push_back((now, waiter));
    }

    /// The oldest; of a queue that stands the newest, and whoever came before its time is refused by being dropped.
    pub(super) fn take(&mut self, now: Duration) -> Option<W> {
        self.look(now);
        let strict = if self.stands(now) { self.rank.patience_standing() } else { None };
        loop {
            let next = match strict {
                Some(_) => self.waiting.pop_back(),
                None => self.waiting.pop_front(),
            };
            let (came, waiter) = next?;
            if strict.is_some_and(|patience| now.saturating_sub(came) > patience) {
                self.waiting.clear();
                return None;
            }
            if !waiter.is_gone() {
                return Some(waiter);
            }
        }
    }

    /// Forgets who is gone, each once, so this costs nothing over time, and sees whether it stands.
    pub(super) fn look(&mut self, now: Duration) {
        while self.waiting.front().is_some_and(|(_, waiter)| waiter.is_gone()) {
            self.waiting.pop_front();
        }
        if !self.is_empty() && now.saturating_sub(self.filled_at) >= self.rank.stands_after() {
            self.stands_until = now + STILL_STANDS;
        }
    }
}
