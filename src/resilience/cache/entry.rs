//! One value in memory and how old it is allowed to be; pure, so that the law can be tested without a cache.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// How long a value serves.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// It is served as it is for so long at most; up to a fifth less, so that what was loaded together expires apart.
    pub fresh: Duration,
    /// For so long after that it is still served, while one refreshes it.
    pub stale: Duration,
    /// For so long after that it is served only where loading fails.
    pub rescue: Duration,
    /// "Not there" is believed for so long.
    pub absent: Duration,
}

/// Without a line to the others a value is refreshed from this age on …
const APART_FRESH: Duration = Duration::milliseconds(500);
/// … and not served from this age on, since a change may have gone unheard.
pub const APART_SERVED: Duration = Duration::SECOND;

/// How the age of a value is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    Fresh,
    /// Fresh, but one refreshes it before it expires.
    Early,
    /// Served while one refreshes it.
    Stale,
    /// Served only where loading fails.
    Rescue,
    /// Served no more.
    Over,
}

/// Whether changes by others are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// All of them, since before the value was loaded.
    Heard,
    /// None: others' changes are seen by loading anew.
    Apart,
    /// One may have been missed since the value was loaded.
    Missed,
}

impl Trust {
    /// Whether something is believed that was loaded so long ago.
    pub fn allows(self, held: Duration) -> bool {
        match self {
            Self::Heard => held >= Duration::ZERO,
            Self::Apart => (Duration::ZERO..APART_SERVED).contains(&held),
            Self::Missed => false,
        }
    }
}

/// What is known of a process the moment before a value is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Birth {
    pub at: OffsetDateTime,
    /// Of the line to the others.
    pub epoch: u64,
    /// Of the space, in this process.
    pub generation: u64,
}

#[derive(Debug)]
pub struct Entry<V> {
    pub value: Arc<V>,
    pub version: i64,
    pub birth: Birth,
    pub times: Times,
}

/// When a value was loaded and until when it serves, whichever instance holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    pub loaded_at: OffsetDateTime,
    /// How long loading took.
    pub cost: Duration,
    pub fresh_until: OffsetDateTime,
    pub stale_until: OffsetDateTime,
    pub rescue_until: OffsetDateTime,
}

impl Times {
    /// `chance`: from 0 (excluded) to 1.
    pub fn new(
        lifetimes: &Lifetimes,
        loaded_at: OffsetDateTime,
        cost: Duration,
        chance: f64,
    ) -> Self {
        let fresh_until = loaded_at + lifetimes.fresh * (1.0 - chance / 5.0);
        let stale_until = fresh_until + lifetimes.stale;
        let rescue_until = stale_until + lifetimes.rescue;
        Self { loaded_at, cost, fresh_until, stale_until, rescue_until }
    }

    /// `chance` is drawn only where it may matter.
    pub fn age(&self, now: OffsetDateTime, chance: impl FnOnce() -> f64) -> Age {
        if now >= self.rescue_until {
            Age::Over
        } else if now >= self.stale_until {
            Age::Rescue
        } else if now >= self.fresh_until {
            Age::Stale
        } else if self.is_early(now, chance) {
            Age::Early
        } else {
            Age::Fresh
        }
    }

    /// XFetch (Vattani, Chierichetti, Lowenstein 2015): the nearer the end and the dearer the load, the likelier it is
    /// that this caller refreshes before all callers would have to.
    fn is_early(&self, now: OffsetDateTime, chance: impl FnOnce() -> f64) -> bool {
        /// −ln of the smallest chance that can be drawn, 2⁻³².
        const FARTHEST: f64 = 22.2;
        let left = self.fresh_until - now;
        left <= self.cost * FARTHEST && self.cost * -chance().ln() >= left
    }
}

impl<V> Entry<V> {
    /// As [`Times::age`], bounded by what may have been missed.
    pub fn age(&self, now: OffsetDateTime, trust: Trust, chance: impl FnOnce() -> f64) -> Age {
        let age = self.times.age(now, chance);
        let held = now - self.birth.at;
        let bound = match trust {
            // A clock that was put back tells nothing of an age.
            _ if held < Duration::ZERO => Age::Rescue,
            Trust::Heard => Age::Fresh,
            Trust::Missed => Age::Rescue,
            Trust::Apart if held >= APART_SERVED => Age::Rescue,
            Trust::Apart if held >= APART_FRESH => Age::Stale,
            Trust::Apart => Age::Fresh,
        };
        age.max(bound)
    }
}

/// A value as the shared tier keeps it.
#[derive(Serialize, Deserialize)]
struct Stored<V> {
    version: i64,
    #[serde(with = "time::serde::rfc3339")]
    loaded_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    fresh_until: OffsetDateTime,
    cost_us: i64,
    value: V,
}

impl<V: Serialize + DeserializeOwned> Entry<V> {
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let stored = Stored {
            version: self.version,
            loaded_at: self.times.loaded_at,
            fresh_until: self.times.fresh_until,
            cost_us: i64::try_from(self.times.cost.whole_microseconds()).unwrap_or(0),
            value: &*self.value,
        };
        serde_json::to_vec(&stored).ok()
    }

    /// `None` for what another release, or somebody else, put there.
    pub fn from_bytes(bytes: &[u8], lifetimes: &Lifetimes, birth: Birth) -> Option<Self> {
        let stored: Stored<V> = serde_json::from_slice(bytes).ok()?;
        // No other clock and no other setting makes it live longer than a value of our own would.
        let latest = birth.at + lifetimes.fresh;
        let fresh_until = stored.fresh_until.min(latest);
        let stale_until = fresh_until + lifetimes.stale;
        let times = Times {
            loaded_at: stored.loaded_at,
            cost: Duration::microseconds(stored.cost_us),
            fresh_until,
            stale_until,
            rescue_until: stale_until + lifetimes.rescue,
        };
        Some(Self { value: Arc::new(stored.value), version: stored.version, birth, times })
    }
}
