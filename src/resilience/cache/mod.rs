//! A cache in two tiers, in this process and shared by all: who asks is answered from memory, one loads for all, and a
//! change is never followed by what was there before it; it knows no resource, no Redis and no SQL.
//!
//! # Reading
//!
//! A value is fresh, then stale, then of use only where loading fails ([`Lifetimes`]). Fresh and stale ones are served
//! at once, and one background task refreshes those that are stale or about to be (XFetch). Everybody else waits for
//! one flight ([`flights`]), which asks the shared tier, then the origin. What is not there is remembered, too, in a
//! bounded place of its own, so that a flood of unknown keys drives out no value. While the origin fails, what is held
//! is served and few go and look ([`origin`]).
//!
//! # Changing
//!
//! Whoever changes something takes a [`Moment`] before the transaction and, once it is committed, calls [`Cache::change`]
//! or [`Cache::void`], then [`Peers::tell`]. From then on this process never shows what was there before:
//!
//! - A flight that began before is called off: it answers those who waited for it, and what it brings is kept nowhere.
//! - The value in memory is replaced where it is older, and where there is none, none is put there: what another
//!   instance has changed meanwhile could have been there.
//! - The shared tier is left alone until it was told.
//!
//! Other instances hear of it ([`Peers::follow`]) and forget what is older. The bound for those that can't be reached
//! is [`APART_SERVED`]: without a line to the others, and after one was lost, values in memory live for that long.
//!
//! In the shared tier an older version loses, and so does what was loaded under another generation ([`tier`]).

mod entry;
mod flight;
mod flights;
mod memory;
mod origin;
mod outcome;
mod peers;
#[cfg(test)]
mod tests;
pub mod tier;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use tracing::Instrument;

pub use self::entry::{APART_SERVED, Lifetimes};
use self::entry::{Birth, Entry, Times};
use self::flight::Flight;
use self::flights::{Departure, Landing, landed};
use self::memory::{Ground, Look, Memory};
use self::outcome::Outcome;
pub use self::peers::Peers;
use self::tier::{Change, Kept, Notice};
use crate::domain::ambient::Ambient;

/// How one kind of value is cached.
pub struct CacheSettings<V> {
    /// In metrics, and in front of its keys.
    pub space: &'static str,
    pub lifetimes: Lifetimes,
    /// How long the shared tier keeps a value; `None`: it is kept in this process alone.
    pub shared_lives: Option<std::time::Duration>,
    /// Values in memory, each counted by its weight.
    pub most: u64,
    pub weight: fn(&V) -> u32,
    /// Remembered keys that are not there.
    pub most_absent: u64,
}

/// What was loaded.
#[derive(Debug, Clone)]
pub struct Loaded<V> {
    /// 0 where it has none of its own.
    pub version: i64,
    pub value: V,
}

/// Why a value could not be loaded.
pub trait LoadError: std::error::Error + Send + Sync + 'static {
    /// The origin does not answer, rather than that it refuses.
    fn is_away(&self) -> bool;
}

/// There is no value, and nothing old to serve in its place.
#[derive(Debug, thiserror::Error)]
pub enum NotLoaded<E: LoadError> {
    #[error(transparent)]
    Failed(Arc<E>),
    /// Others have just found that it does not answer.
    #[error("what it would be loaded from does not answer")]
    Away,
    #[error("loading was interrupted")]
    Interrupted,
}

impl<E: LoadError> Clone for NotLoaded<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Away => Self::Away,
            Self::Interrupted => Self::Interrupted,
        }
    }
}

/// What a cache answers; `None`: it is not there.
pub type Answer<V, E> = Result<Option<Arc<V>>, NotLoaded<E>>;

/// Before a change: what is put into memory after it is as old as this.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    at: OffsetDateTime,
    epoch: u64,
}

impl Moment {
    pub fn now(ambient: &Ambient, peers: &Peers) -> Self {
        Self { at: ambient.now(), epoch: peers.epoch() }
    }
}

/// One kind of value; clones share it.
pub struct Cache<V: Send + Sync + 'static, E: LoadError>(Arc<Memory<V, E>>);

impl<V: Send + Sync + 'static, E: LoadError> Clone for Cache<V, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: Send + Sync + 'static, E: LoadError> std::fmt::Debug for Cache<V, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("space", &self.0.settings.space).finish_non_exhaustive()
    }
}

/// What a caller who found nothing to serve does.
enum Boarded<V: Send + Sync + 'static, E: LoadError> {
    Waits(Birth, Landing<Answer<V, E>>),
    /// It has landed since the look.
    Served(Arc<Entry<V>>),
    Absent,
}

impl<V, E> Cache<V, E>
where
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
    E: LoadError,
{
    pub fn new(settings: CacheSettings<V>, ambient: &Ambient, peers: &Arc<Peers>) -> Self {
        Self(Arc::new(Memory::new(settings, ambient, peers)))
    }

    /// The value under a key; `load` is called where it has to be.
    ///
    /// # Errors
    /// [`NotLoaded`], where nothing old is held either.
    pub async fn get<F>(&self, key: &str, load: impl Fn() -> F) -> Answer<V, E>
    where
        F: Future<Output = Result<Option<Loaded<V>>, E>> + Send + 'static,
    {
        let asked = self.0.ambient.now();
        loop {
            let held = match self.0.look(key) {
                Look::Serve(entry) => return self.serve(&entry, Outcome::Hit),
                Look::ServeAndRefresh(entry, outcome) => {
                    self.refresh(key, &entry, &load);
                    return self.serve(&entry, outcome);
                }
                Look::Absent => return self.say_absent(),
                Look::Load(held) => held,
            };
            let (birth, landing) = match self.board(key, held.as_ref(), &load) {
                Boarded::Waits(birth, landing) => (birth, landing),
                Boarded::Served(entry) => return self.serve(&entry, Outcome::Hit),
                Boarded::Absent => return self.say_absent(),
            };
            let answer = landed(landing).await.unwrap_or(Err(NotLoaded::Interrupted));
            if answer.is_err()
                && let Some(entry) = self.0.rescue(key)
            {
                return self.serve(&entry, Outcome::Rescued);
            }
            // What began long before it was asked for may be older than anything that is served; the next one is not.
            if answer.is_err() || self.0.is_young(birth, asked) {
                self.0.count(if answer.is_ok() { Outcome::Miss } else { Outcome::Failed });
                return answer;
            }
        }
    }

    /// A key has this value since a change that began at the moment and is committed; then call [`Peers::tell`].
    pub fn change(&self, key: &str, value: V, version: i64, moment: Moment) {
        let settings = &self.0.settings;
        let cost = time::Duration::ZERO;
        let times = Times::new(&settings.lifetimes, moment.at, cost, self.0.chance());
        let birth = Birth { at: moment.at, epoch: moment.epoch, generation: 0 };
        let entry = Entry { value: Arc::new(value), version, birth, times };
        match (entry.to_bytes(), settings.shared_lives) {
            (Some(bytes), Some(lives)) => {
                let kept = Kept { version, bytes, lives };
                let (space, key) = (settings.space, key.to_owned());
                self.0.peers.note(vec![Change::Value { space, key, kept }]);
            }
            // What can't be told by itself.
            _ => self.0.peers.note(vec![Change::Void { space: settings.space }]),
        }
        self.0.supersede(key, version, Some(entry));
    }

    /// Every value of the space may be another since a change that is committed; then call [`Peers::tell`].
    pub fn void(&self) {
        self.0.peers.note(vec![Change::Void { space: self.0.settings.space }]);
        self.0.void();
    }

    /// Another instance has changed something.
    pub fn hear(&self, notice: &Notice) {
        let own = self.0.settings.space;
        match notice {
            Notice::Value { space, key, version } if space == own => {
                self.0.supersede(key, *version, None);
            }
            Notice::Void { space } if space == own => self.0.void(),
            // A doubt is one of all spaces: `Peers::distrust`.
            Notice::Value { .. } | Notice::Void { .. } | Notice::Doubt => {}
        }
    }

    fn serve(&self, entry: &Entry<V>, outcome: Outcome) -> Answer<V, E> {
        self.0.count(outcome);
        Ok(Some(Arc::clone(&entry.value)))
    }

    fn say_absent(&self) -> Answer<V, E> {
        self.0.count(Outcome::Negative);
        Ok(None)
    }

    /// In the background, where nobody does it yet.
    fn refresh<F>(&self, key: &str, held: &Arc<Entry<V>>, load: impl Fn() -> F)
    where
        F: Future<Output = Result<Option<Loaded<V>>, E>> + Send + 'static,
    {
        let origin = &self.0.origin;
        if origin.is_failing() && !origin.may_look(self.0.ambient.now()) {
            return;
        }
        let mut ground = self.0.ground();
        if self.0.holds(key, held) && ground.find(key).is_none() {
            let mut flight = self.flight(&mut ground, key, Some(held));
            flight.0.looks = true;
            depart(flight, load());
        }
    }

    /// The flight that brings the value, unless it has landed since the look.
    fn board<F>(
        &self,
        key: &str,
        held: Option<&Arc<Entry<V>>>,
        load: impl Fn() -> F,
    ) -> Boarded<V, E>
    where
        F: Future<Output = Result<Option<Loaded<V>>, E>> + Send + 'static,
    {
        let mut ground = self.0.ground();
        if let Some((birth, landing)) = ground.find(key) {
            return Boarded::Waits(birth, landing);
        }
        match self.0.look(key) {
            Look::Serve(entry) | Look::ServeAndRefresh(entry, _) => Boarded::Served(entry),
            Look::Absent => Boarded::Absent,
            Look::Load(_) => {
                let flight = self.flight(&mut ground, key, held);
                Boarded::Waits(flight.0.birth, depart(flight, load()))
            }
        }
    }

    fn flight(
        &self,
        ground: &mut Ground<'_, V, E>,
        key: &str,
        held: Option<&Arc<Entry<V>>>,
    ) -> Ready<V, E> {
        let birth = self.0.birth(ground);
        let (departure, landing) = ground.depart(key, birth);
        let flight = Flight {
            memory: Arc::clone(&self.0),
            key: key.to_owned(),
            number: departure.number,
            birth,
            newer_than: held.map(|entry| entry.times.loaded_at),
            looks: false,
        };
        (flight, departure, landing)
    }
}

/// A flight that is on the list.
type Ready<V, E> = (Flight<V, E>, Departure<Answer<V, E>>, Landing<Answer<V, E>>);

/// In a task of its own: it lands, whoever of those who wait goes away.
fn depart<V, E, F>((flight, departure, landing): Ready<V, E>, load: F) -> Landing<Answer<V, E>>
where
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
    E: LoadError,
    F: Future<Output = Result<Option<Loaded<V>>, E>> + Send + 'static,
{
    tokio::spawn(flight.fly(departure, load).in_current_span());
    landing
}
