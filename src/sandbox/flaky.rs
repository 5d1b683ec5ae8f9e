//! Counts how often `pm_flaky` failed under a key; forgets the oldest key beyond a bound, and all of them at a restart.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use super::ids::Key;

const FAILURES: u8 = 2;
const KEYS: usize = 10_000;

/// The failures so far, by key.
#[derive(Debug, Default)]
pub struct FlakyKeys(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    failed: HashMap<Key, u8>,
    oldest_first: VecDeque<Key>,
}

impl FlakyKeys {
    /// Whether the next call under this key fails; counts it if so.
    pub fn fails(&self, key: &Key) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = counts.failed.get_mut(key) {
            *failed = failed.saturating_add(1).min(FAILURES + 1);
            return *failed <= FAILURES;
        }
        if counts.oldest_first.len() >= KEYS
            && let Some(oldest) = counts.oldest_first.pop_front()
        {
            counts.failed.remove(&oldest);
        }
        counts.failed.insert(key.clone(), 1);
        counts.oldest_first.push_back(key.clone());
        true
    }
}
