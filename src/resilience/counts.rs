//! Counts things by key in memory until somebody takes the counts away, and never holds more keys than it may; it writes
//! nothing down.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

/// How often, from when until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub times: u32,
    pub first: OffsetDateTime,
    pub last: OffsetDateTime,
}

impl Counted {
    fn and(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// Counts by key.
pub struct Counts<K> {
    most: usize,
    /// Under which key something is counted where there is no room for its own.
    rest: fn(&K) -> K,
    held: Mutex<HashMap<K, Counted>>,
}

impl<K: Eq + Hash> Counts<K> {
    /// At most `most` keys beside those that `rest` makes, which must be few.
    pub fn new(most: usize, rest: fn(&K) -> K) -> Self {
        Self { most, rest, held: Mutex::default() }
    }

    /// One more of these.
    pub fn count(&self, key: K, now: OffsetDateTime) {
        self.add(&mut self.held(), key, Counted { times: 1, first: now, last: now });
    }

    /// All that was counted since the last time.
    pub fn take(&self) -> Vec<(K, Counted)> {
        std::mem::take(&mut *self.held()).into_iter().collect()
    }

    /// Counts on from what was taken and could not be used.
    pub fn give_back(&self, taken: Vec<(K, Counted)>) {
        let mut held = self.held();
        for (key, counted) in taken {
            self.add(&mut held, key, counted);
        }
    }

    fn add(&self, held: &mut HashMap<K, Counted>, key: K, counted: Counted) {
        let full = held.len() >= self.most;
        let key = if full && !held.contains_key(&key) { (self.rest)(&key) } else { key };
        match held.entry(key) {
            Entry::Occupied(mut known) => *known.get_mut() = known.get().and(counted),
            Entry::Vacant(room) => drop(room.insert(counted)),
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<K, Counted>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> fmt::Debug for Counts<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts").field("most", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::{Counted, Counts};

    const NOON: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);
    const ONE: OffsetDateTime = datetime!(2026-03-02 13:00 UTC);

    fn taken(counts: &Counts<&'static str>) -> Vec<(&'static str, u32)> {
        let mut taken: Vec<_> =
            counts.take().into_iter().map(|(key, counted)| (key, counted.times)).collect();
        taken.sort_unstable();
        taken
    }

    #[test]
    fn what_is_counted_is_taken_once_with_its_first_and_its_last_time() {
        let counts = Counts::new(10, |_| "rest");
        counts.count("a", NOON);
        counts.count("a", ONE);
        assert_eq!(counts.take(), [("a", Counted { times: 2, first: NOON, last: ONE })]);
        assert_eq!(counts.take(), []);
    }

    #[test]
    fn however_many_keys_come_no_more_are_held_and_nothing_is_lost() {
        let counts = Counts::new(2, |_| "rest");
        for key in ["a", "b", "c", "a", "d"] {
            counts.count(key, NOON);
        }
        assert_eq!(taken(&counts), [("a", 2), ("b", 1), ("rest", 2)]);
    }

    #[test]
    fn what_is_given_back_is_counted_on_from_within_the_same_bound() {
        let counts = Counts::new(2, |_| "rest");
        counts.count("a", NOON);
        counts.count("b", NOON);
        let first = counts.take();
        counts.count("a", ONE);
        counts.count("c", ONE);
        counts.give_back(first);
        assert_eq!(taken(&counts), [("a", 2), ("c", 1), ("rest", 1)]);
    }
}
