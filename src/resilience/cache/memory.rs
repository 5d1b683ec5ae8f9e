//! What one process holds of one kind of value, and the flights that bring it; it waits for nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::sync::Cache as Map;
use time::OffsetDateTime;

use super::entry::{APART_SERVED, Age, Birth, Entry, Trust};
use super::flights::Flights;
use super::origin::Origin;
use super::outcome::{Outcome, Outcomes};
use super::{Answer, CacheSettings, LoadError, Peers};
use crate::domain::ambient::Ambient;

pub struct Memory<V: 'static, E: LoadError> {
    pub settings: CacheSettings<V>,
    pub ambient: Ambient,
    pub peers: Arc<Peers>,
    pub origin: Origin,
    pub values: Map<String, Arc<Entry<V>>>,
    pub absent: Map<String, Absent>,
    /// Of the space, in this process; changed with the flights alone.
    generation: AtomicU64,
    /// Held while anything but a look is done to the maps, so that nothing comes between a change and what it calls off.
    flights: Mutex<Flights<Answer<V, E>>>,
    outcomes: Outcomes,
}

#[derive(Debug, Clone, Copy)]
pub struct Absent {
    birth: Birth,
    until: OffsetDateTime,
}

/// What a look comes to.
pub enum Look<V> {
    Serve(Arc<Entry<V>>),
    ServeAndRefresh(Arc<Entry<V>>, Outcome),
    Absent,
    /// It has to be loaded; what is held may serve where that fails.
    Load(Option<Arc<Entry<V>>>),
}

/// What a flight brings.
pub enum Cargo<V> {
    Value(Arc<Entry<V>>),
    Absent,
}

/// The flights of a memory, held exclusively.
pub type Ground<'a, V, E> = MutexGuard<'a, Flights<Answer<V, E>>>;

impl<V, E> Memory<V, E>
where
    V: Send + Sync + 'static,
    E: LoadError,
{
    pub fn new(settings: CacheSettings<V>, ambient: &Ambient, peers: &Arc<Peers>) -> Self {
        let (weight, most_absent) = (settings.weight, settings.most_absent);
        let values = Map::builder()
            .max_capacity(settings.most)
            .weigher(move |_: &String, entry: &Arc<Entry<V>>| weight(&entry.value))
            .build();
        Self {
            settings,
            ambient: ambient.clone(),
            peers: Arc::clone(peers),
            origin: Origin::default(),
            values,
            absent: Map::new(most_absent),
            generation: AtomicU64::new(0),
            flights: Mutex::default(),
            outcomes: Outcomes::default(),
        }
    }

    pub fn look(&self, key: &str) -> Look<V> {
        let now = self.ambient.now();
        let Some(entry) = self.living(key) else {
            return if self.is_absent(key, now) { Look::Absent } else { Look::Load(None) };
        };
        match entry.age(now, self.peers.trust(entry.birth.epoch), || self.chance()) {
            Age::Fresh => Look::Serve(entry),
            Age::Early => Look::ServeAndRefresh(entry, Outcome::Hit),
            Age::Stale => Look::ServeAndRefresh(entry, Outcome::Stale),
            Age::Rescue if self.origin.is_failing() => {
                Look::ServeAndRefresh(entry, Outcome::Rescued)
            }
            Age::Rescue => Look::Load(Some(entry)),
            Age::Over => Look::Load(None),
        }
    }

    /// What may serve now that loading has failed.
    pub fn rescue(&self, key: &str) -> Option<Arc<Entry<V>>> {
        let rescued = self.living(key).filter(|_| self.origin.is_failing())?;
        (self.ambient.now() < rescued.times.rescue_until).then_some(rescued)
    }

    /// Whether what a flight brought may be shown to somebody who asked then.
    pub fn is_young(&self, flight: Birth, asked: OffsetDateTime) -> bool {
        asked - flight.at < APART_SERVED || self.peers.trust(flight.epoch) == Trust::Heard
    }

    /// Whether exactly this is held.
    pub fn holds(&self, key: &str, entry: &Arc<Entry<V>>) -> bool {
        self.values.get(key).is_some_and(|held| Arc::ptr_eq(&held, entry))
    }

    pub fn ground(&self) -> Ground<'_, V, E> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of what is loaded from now on.
    pub fn birth(&self, _on: &Ground<'_, V, E>) -> Birth {
        Birth { at: self.ambient.now(), epoch: self.peers.epoch(), generation: self.generation() }
    }

    /// Keeps what a flight brings, unless it was called off.
    pub fn land(&self, key: &str, flight: u64, birth: Birth, cargo: Option<&Cargo<V>>) -> bool {
        let mut ground = self.ground();
        if !ground.land(key, flight) {
            return false;
        }
        match cargo {
            Some(Cargo::Value(entry)) => {
                self.absent.invalidate(key);
                self.values.insert(key.to_owned(), Arc::clone(entry));
            }
            Some(Cargo::Absent) => {
                self.values.invalidate(key);
                let until = birth.at + self.settings.lifetimes.absent;
                self.absent.insert(key.to_owned(), Absent { birth, until });
            }
            None => {}
        }
        true
    }

    /// Forgets what is older than this version, and every flight that may bring it; puts the new value, where there is
    /// one, only in the place of an older one.
    pub fn supersede(&self, key: &str, version: i64, new: Option<Entry<V>>) {
        let mut ground = self.ground();
        ground.call_off(key);
        self.absent.invalidate(key);
        if self.values.get(key).is_none_or(|held| held.version >= version) {
            return;
        }
        match new {
            Some(mut entry) => {
                entry.birth.generation = self.generation();
                self.values.insert(key.to_owned(), Arc::new(entry));
            }
            None => self.values.invalidate(key),
        }
    }

    /// Forgets everything, and every flight.
    pub fn void(&self) {
        let mut ground = self.ground();
        self.generation.fetch_add(1, Ordering::SeqCst);
        ground.call_off_all();
    }

    pub fn count(&self, outcome: Outcome) {
        self.outcomes.count(self.settings.space, outcome);
    }

    /// From 0 (excluded) to 1.
    pub fn chance(&self) -> f64 {
        (f64::from(u32::from_ne_bytes(self.ambient.bytes::<4>())) + 1.0) / 4_294_967_296.0
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn living(&self, key: &str) -> Option<Arc<Entry<V>>> {
        self.values.get(key).filter(|entry| entry.birth.generation == self.generation())
    }

    fn is_absent(&self, key: &str, now: OffsetDateTime) -> bool {
        self.absent.get(key).is_some_and(|Absent { birth, until }| {
            let trusted = self.peers.trust(birth.epoch).allows(now - birth.at);
            trusted && now < until && birth.generation == self.generation()
        })
    }
}
