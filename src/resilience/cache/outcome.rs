//! How questions to a cache end, counted; it answers none.

use std::sync::OnceLock;

use metrics::{Counter, counter};

/// What a question came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Served from memory, fresh.
    Hit,
    /// Served from memory and refreshed.
    Stale,
    /// Served from memory, since loading fails.
    Rescued,
    /// Known not to be there.
    Negative,
    /// Loaded.
    Miss,
    /// Could not be loaded.
    Failed,
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::Hit, Self::Stale, Self::Rescued, Self::Negative, Self::Miss, Self::Failed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Rescued => "rescued",
            Self::Negative => "negative",
            Self::Miss => "miss",
            Self::Failed => "failed",
        }
    }
}

/// The counters of one cache; each is looked up in the recorder once.
#[derive(Default)]
pub struct Outcomes([OnceLock<Counter>; Outcome::ALL.len()]);

impl Outcomes {
    pub fn count(&self, cache: &'static str, outcome: Outcome) {
        let make =
            || counter!("cache_requests_total", "cache" => cache, "outcome" => outcome.as_str());
        let own = Outcome::ALL.iter().zip(&self.0).find(|(known, _)| **known == outcome);
        if let Some((_, counter)) = own {
            counter.get_or_init(make).increment(1);
        }
    }
}
