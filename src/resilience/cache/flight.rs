//! One load on its way: the shared tier first, then the origin; what it brings is kept unless a change called it off.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::entry::{Age, Birth, Entry, Times};
use super::flights::Departure;
use super::memory::{Cargo, Memory};
use super::tier::{Generation, Kept};
use super::{Answer, LoadError, Loaded, NotLoaded};

/// A load of one key.
pub struct Flight<V: Send + Sync + 'static, E: LoadError> {
    pub memory: Arc<Memory<V, E>>,
    pub key: String,
    pub number: u64,
    pub birth: Birth,
    /// What the shared tier has is no use unless it is newer.
    pub newer_than: Option<OffsetDateTime>,
    /// It goes and looks, even where the origin is away.
    pub looks: bool,
}

/// Lost on its way, too, it is no longer under way.
impl<V: Send + Sync + 'static, E: LoadError> Drop for Flight<V, E> {
    fn drop(&mut self) {
        self.memory.ground().land(&self.key, self.number);
    }
}

/// What came of a load, and what the shared tier is to keep of it.
type Brought<V, E> = (Result<Cargo<V>, NotLoaded<E>>, Option<(Arc<Entry<V>>, Generation)>);

impl<V, E> Flight<V, E>
where
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
    E: LoadError,
{
    pub async fn fly<F>(self, departure: Departure<Answer<V, E>>, load: F)
    where
        F: Future<Output = Result<Option<Loaded<V>>, E>> + Send + 'static,
    {
        let (shared, generation) = self.ask_shared().await;
        let good = shared.as_ref().filter(|entry| self.is_good(entry)).map(Arc::clone);
        let (brought, to_share) = match good {
            Some(entry) => (Ok(Cargo::Value(entry)), None),
            None => self.bring(load, shared, generation).await,
        };
        let cargo = brought.as_ref().ok();
        let kept = self.memory.land(&self.key, self.number, self.birth, cargo);
        let answer = brought.map(|cargo| match cargo {
            Cargo::Value(entry) => Some(Arc::clone(&entry.value)),
            Cargo::Absent => None,
        });
        // Where nobody waits any more there is nobody to answer.
        drop(departure.landed.send(Some(answer)));
        if kept && let Some((entry, generation)) = to_share {
            self.share(&entry, &generation).await;
        }
    }

    /// What the shared tier has, and under what it may be given something newer.
    async fn ask_shared(&self) -> (Option<Arc<Entry<V>>>, Option<Generation>) {
        let settings = &self.memory.settings;
        let tier = self.memory.peers.tier().filter(|_| settings.shared_lives.is_some());
        let Some(tier) = tier else { return (None, None) };
        let Ok(found) = tier.get(settings.space, &self.key).await else {
            self.count_shared("failed");
            return (None, None);
        };
        let read = |bytes: Vec<u8>| Entry::from_bytes(&bytes, &settings.lifetimes, self.birth);
        let entry = found.bytes.and_then(read).map(Arc::new);
        self.count_shared(if entry.is_some() { "hit" } else { "miss" });
        (entry, Some(found.generation))
    }

    /// Fresh, and no copy of what is to be refreshed.
    fn is_good(&self, shared: &Entry<V>) -> bool {
        let newer = self.newer_than.is_none_or(|held| shared.times.loaded_at > held);
        newer && shared.times.age(self.memory.ambient.now(), || self.memory.chance()) == Age::Fresh
    }

    /// From the origin, or what is old where that fails.
    async fn bring<F>(
        &self,
        load: F,
        shared: Option<Arc<Entry<V>>>,
        generation: Option<Generation>,
    ) -> Brought<V, E>
    where
        F: Future<Output = Result<Option<Loaded<V>>, E>> + Send + 'static,
    {
        let Memory { origin, ambient, settings, .. } = &*self.memory;
        let began = ambient.now();
        let loaded = if origin.is_away() && !self.looks && !origin.may_look(began) {
            Err(NotLoaded::Away)
        } else {
            load.await.map_err(|error| NotLoaded::Failed(Arc::new(error)))
        };
        let ended = ambient.now();
        let error = match loaded {
            Ok(Some(Loaded { version, value })) => {
                origin.answered();
                self.count_load("loaded");
                let chance = self.memory.chance();
                let times = Times::new(&settings.lifetimes, began, ended - began, chance);
                let value = Arc::new(value);
                let entry = Arc::new(Entry { value, version, birth: self.birth, times });
                let to_share = generation.map(|generation| (Arc::clone(&entry), generation));
                return (Ok(Cargo::Value(entry)), to_share);
            }
            Ok(None) => {
                origin.answered();
                self.count_load("absent");
                return (Ok(Cargo::Absent), None);
            }
            Err(error) => error,
        };
        if let NotLoaded::Failed(error) = &error {
            self.count_load("failed");
            if error.is_away() {
                origin.failed(ended);
            }
        }
        let rescued =
            shared.filter(|entry| origin.is_failing() && ended < entry.times.rescue_until);
        (rescued.map(Cargo::Value).ok_or(error), None)
    }

    async fn share(&self, entry: &Entry<V>, generation: &Generation) {
        let settings = &self.memory.settings;
        let Some(tier) = self.memory.peers.tier() else { return };
        let (Some(bytes), Some(lives)) = (entry.to_bytes(), settings.shared_lives) else { return };
        let kept = Kept { version: entry.version, bytes, lives };
        if tier.put(settings.space, &self.key, generation, &kept).await.is_err() {
            self.count_shared("failed");
        }
    }

    fn count_load(&self, outcome: &'static str) {
        let cache = self.memory.settings.space;
        metrics::counter!("cache_loads_total", "cache" => cache, "outcome" => outcome).increment(1);
    }

    fn count_shared(&self, outcome: &'static str) {
        let cache = self.memory.settings.space;
        metrics::counter!("cache_shared_total", "cache" => cache, "outcome" => outcome)
            .increment(1);
    }
}
