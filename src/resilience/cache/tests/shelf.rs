//! A shared tier in memory, by the same law as the one in Redis.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use futures_util::future::ready;

use super::super::tier::{
    Answer, CacheTier, Change, Found, Generation, Kept, Notice, Subscription, TierAway,
};

#[derive(Default)]
pub struct Shelf(Mutex<State>);

#[derive(Default)]
struct State {
    away: bool,
    next: i64,
    generations: BTreeMap<String, i64>,
    kept: BTreeMap<(String, String), (i64, Kept)>,
    told: VecDeque<Notice>,
}

impl State {
    fn raise(&mut self, space: &str) -> i64 {
        self.next += 1;
        self.generations.insert(space.to_owned(), self.next);
        self.next
    }

    fn generation(&mut self, space: &str) -> i64 {
        self.generations.get(space).copied().unwrap_or_else(|| self.raise(space))
    }

    fn keep(&mut self, space: &str, key: &str, kept: &Kept) {
        let generation = self.generation(space);
        let place = (space.to_owned(), key.to_owned());
        let newer =
            |(under, known): &(i64, Kept)| *under == generation && known.version > kept.version;
        if !self.kept.get(&place).is_some_and(newer) {
            self.kept.insert(place, (generation, kept.clone()));
        }
    }

    fn tell(&mut self, change: &Change) {
        match change {
            Change::Value { space, key, kept } => {
                self.keep(space, key, kept);
                let (space, key, version) = ((*space).to_owned(), key.clone(), kept.version);
                self.told.push_back(Notice::Value { space, key, version });
            }
            Change::Void { space } => {
                self.raise(space);
                self.told.push_back(Notice::Void { space: (*space).to_owned() });
            }
            Change::Doubt { spaces } => {
                for space in *spaces {
                    self.raise(space);
                }
                self.told.push_back(Notice::Doubt);
            }
        }
    }
}

impl Shelf {
    pub fn set_away(&self, away: bool) {
        self.lock().away = away;
    }

    /// As a server that starts again.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.generations.clear();
        state.kept.clear();
    }

    /// What was told and not taken yet.
    pub fn take_told(&self) -> Vec<Notice> {
        self.lock().told.drain(..).collect()
    }

    pub fn version_of(&self, key: &str) -> Option<i64> {
        let state = self.lock();
        let mut found = state.kept.iter().filter(|((_, kept), _)| kept == key);
        found.next().map(|(_, (_, kept))| kept.version)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn answer<T: Send + 'static>(&self, act: impl FnOnce(&mut State) -> T) -> Answer<'_, T> {
        let mut state = self.lock();
        let done =
            if state.away { Err(TierAway("it is away".into())) } else { Ok(act(&mut state)) };
        Box::pin(ready(done))
    }
}

impl CacheTier for Shelf {
    fn get<'a>(&'a self, space: &'static str, key: &'a str) -> Answer<'a, Found> {
        self.answer(|state| {
            let generation = state.generation(space);
            let found = state.kept.get(&(space.to_owned(), key.to_owned()));
            let bytes = found.filter(|(under, _)| *under == generation);
            let bytes = bytes.map(|(_, kept)| kept.bytes.clone());
            Found { generation: Generation(generation.to_string()), bytes }
        })
    }

    fn put<'a>(
        &'a self,
        space: &'static str,
        key: &'a str,
        under: &'a Generation,
        kept: &'a Kept,
    ) -> Answer<'a, ()> {
        self.answer(|state| {
            if state.generation(space).to_string() == under.0 {
                state.keep(space, key, kept);
            }
        })
    }

    fn tell<'a>(&'a self, changes: &'a [Change]) -> Answer<'a, ()> {
        self.answer(|state| changes.iter().for_each(|change| state.tell(change)))
    }

    fn renew<'a>(&'a self, spaces: &'static [&'static str]) -> Answer<'a, ()> {
        self.answer(|state| spaces.iter().for_each(|space| drop(state.raise(space).to_string())))
    }

    fn subscribe(&self) -> Answer<'_, Box<dyn Subscription>> {
        Box::pin(ready(Err(TierAway("tests deliver by hand".into()))))
    }
}
