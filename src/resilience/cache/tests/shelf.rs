//! A shared tier in memory, by the same law as the one in Redis.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use futures_util::future::{BoxFuture, ready};
use tokio_util::sync::CancellationToken;

use super::super::tier::{
    Answer, CacheTier, Change, Found, Generation, Kept, Notice, Subscription, TierAway,
};

#[derive(Default)]
pub struct Shelf(Mutex<State>);

#[derive(Default)]
struct State {
    away: bool,
    /// How often it may still be told something; `None`: any number of times.
    tells_left: Option<usize>,
    next: i64,
    generations: BTreeMap<String, i64>,
    kept: BTreeMap<(String, String), Record>,
    told: VecDeque<Notice>,
    /// Cancelled when they are cut.
    lines: CancellationToken,
}

/// A line on which nothing is heard, since the model delivers by hand.
struct Silent(CancellationToken);

impl Subscription for Silent {
    fn next(&mut self) -> BoxFuture<'_, Option<Notice>> {
        Box::pin(async move {
            self.0.cancelled().await;
            None
        })
    }
}

struct Record {
    generation: i64,
    version: i64,
    bytes: Option<Vec<u8>>,
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

    /// What is kept there under the present generation.
    fn record(&mut self, space: &str, key: &str) -> Option<&mut Record> {
        let generation = self.generation(space);
        let found = self.kept.get_mut(&(space.to_owned(), key.to_owned()));
        found.filter(|record| record.generation == generation)
    }

    fn keep(&mut self, space: &str, key: &str, version: i64, bytes: Option<Vec<u8>>) {
        let generation = self.generation(space);
        let record = Record { generation, version, bytes };
        self.kept.insert((space.to_owned(), key.to_owned()), record);
    }

    fn change(&mut self, space: &str, key: &str, kept: &Kept) {
        let Some(record) = self.record(space, key) else {
            return self.keep(space, key, kept.version, None);
        };
        if record.version < kept.version {
            let bytes = record.bytes.is_some().then(|| kept.bytes.clone());
            self.keep(space, key, kept.version, bytes);
        }
    }

    fn tell(&mut self, change: &Change) {
        match change {
            Change::Value { space, key, kept } => {
                self.change(space, key, kept);
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
    /// Nothing is answered any more.
    pub fn leave(&self) {
        let mut state = self.lock();
        state.away = true;
        std::mem::take(&mut state.lines).cancel();
    }

    pub fn come_back(&self) {
        self.lock().away = false;
    }

    /// It is told something so many times, and then no more.
    pub fn hear_only(&self, times: usize) {
        self.lock().tells_left = Some(times);
    }

    pub fn hear_all(&self) {
        self.lock().tells_left = None;
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
        found.next().map(|(_, record)| record.version)
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
            let generation = Generation(state.generation(space).to_string());
            let bytes = state.record(space, key).and_then(|record| record.bytes.clone());
            Found { generation, bytes }
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
            let newer = |record: &mut Record| record.version > kept.version;
            let loses = state.record(space, key).is_some_and(newer);
            if !loses && state.generation(space).to_string() == under.0 {
                state.keep(space, key, kept.version, Some(kept.bytes.clone()));
            }
        })
    }

    fn tell<'a>(&'a self, changes: &'a [Change]) -> Answer<'a, ()> {
        if let Some(left) = &mut self.lock().tells_left {
            let Some(fewer) = left.checked_sub(1) else {
                return Box::pin(ready(Err(TierAway("it hears no more".into()))));
            };
            *left = fewer;
        }
        self.answer(|state| changes.iter().for_each(|change| state.tell(change)))
    }

    fn renew<'a>(&'a self, spaces: &'static [&'static str]) -> Answer<'a, ()> {
        self.answer(|state| spaces.iter().for_each(|space| drop(state.raise(space).to_string())))
    }

    fn subscribe(&self) -> Answer<'_, Box<dyn Subscription>> {
        self.answer(|state| {
            let line: Box<dyn Subscription> = Box::new(Silent(state.lines.clone()));
            line
        })
    }
}
