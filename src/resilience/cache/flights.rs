//! One load a key at a time: who wants the same value waits for the same flight; it knows no value and no key.
//!
//! A flight that was called off by a change goes on for those who wait for it, but nothing that it brings is kept.

use std::collections::HashMap;

use tokio::sync::watch;

use super::entry::Birth;

/// What a flight brought, once it has landed.
pub type Landing<T> = watch::Receiver<Option<T>>;

/// Flights under way, by key. Whoever holds it exclusively changes what is held, too, so that nothing comes between.
#[derive(Debug)]
pub struct Flights<T> {
    by_key: HashMap<String, Flight<T>>,
    next: u64,
}

#[derive(Debug)]
struct Flight<T> {
    number: u64,
    landing: Landing<T>,
    birth: Birth,
}

/// The right to land under a key.
#[derive(Debug)]
pub struct Departure<T> {
    pub number: u64,
    pub landed: watch::Sender<Option<T>>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), next: 0 }
    }
}

impl<T> Flights<T> {
    pub fn find(&self, key: &str) -> Option<(Birth, Landing<T>)> {
        self.by_key.get(key).map(|flight| (flight.birth, flight.landing.clone()))
    }

    /// There must be none for this key.
    pub fn depart(&mut self, key: &str, birth: Birth) -> (Departure<T>, Landing<T>) {
        let (landed, landing) = watch::channel(None);
        let number = self.next;
        self.next += 1;
        self.by_key.insert(key.to_owned(), Flight { number, landing: landing.clone(), birth });
        (Departure { number, landed }, landing)
    }

    /// Whether the flight may still land under its key; it is not under way any more.
    pub fn land(&mut self, key: &str, number: u64) -> bool {
        let mine = self.by_key.get(key).is_some_and(|flight| flight.number == number);
        if mine {
            self.by_key.remove(key);
        }
        mine
    }

    pub fn call_off(&mut self, key: &str) {
        self.by_key.remove(key);
    }

    pub fn call_off_all(&mut self) {
        self.by_key.clear();
    }
}

/// Waits for it; `None` where it was lost on its way.
pub async fn landed<T: Clone>(mut landing: Landing<T>) -> Option<T> {
    landing.wait_for(Option::is_some).await.ok()?.clone()
}
