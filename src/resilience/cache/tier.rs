//! The tier that instances share, as the cache sees it; how it is reached is the business of whoever implements it.
//!
//! Keys lie in *spaces*, and each space has a *generation* that its changes raise. A value is kept under the generation
//! that was read before it was loaded, and is void under any other: so what was loaded before a change can't be kept
//! after it. A key that has versions of its own is moreover never given an older one.

use std::error::Error;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// The shared tier did not do what it was asked; the process goes on alone.
#[derive(Debug, thiserror::Error)]
#[error("the shared tier does not answer: {0}")]
pub struct TierAway(#[source] pub Box<dyn Error + Send + Sync>);

/// Of a space; what was kept under another one is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation(pub String);

/// What a look found.
#[derive(Debug)]
pub struct Found {
    /// What is loaded from now on may be kept under it.
    pub generation: Generation,
    pub bytes: Option<Vec<u8>>,
}

/// A value on its way into the tier.
#[derive(Debug, Clone)]
pub struct Kept {
    pub version: i64,
    pub bytes: Vec<u8>,
    pub lives: Duration,
}

/// What the tier and all other instances are told after it is committed.
#[derive(Debug, Clone)]
pub enum Change {
    /// A key has this value now.
    Value { space: &'static str, key: String, kept: Kept },
    /// Anything in the space may be another now.
    Void { space: &'static str },
    /// Nobody knows whether something was changed: everything has to be asked for anew.
    Doubt { spaces: &'static [&'static str] },
}

/// What an instance hears of another one's change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    Value { space: String, key: String, version: i64 },
    Void { space: String },
    Doubt,
}

pub type Answer<'a, T> = BoxFuture<'a, Result<T, TierAway>>;

/// Shared by all instances; each call is bounded in time by whoever implements it.
pub trait CacheTier: Send + Sync {
    /// What is kept under a key.
    fn get<'a>(&'a self, space: &'static str, key: &'a str) -> Answer<'a, Found>;

    /// Keeps a value, unless the space has another generation by now or a newer version is kept.
    fn put<'a>(
        &'a self,
        space: &'static str,
        key: &'a str,
        under: &'a Generation,
        kept: &'a Kept,
    ) -> Answer<'a, ()>;

    /// Applies each change and tells everybody of it, in one step each. A value takes the place of an older one, and none
    /// that is empty: it may be told late. Applying a change twice changes nothing more.
    fn tell<'a>(&'a self, changes: &'a [Change]) -> Answer<'a, ()>;

    /// Makes everything void that is kept in these spaces, and tells nobody.
    fn renew<'a>(&'a self, spaces: &'static [&'static str]) -> Answer<'a, ()>;

    /// Hears of all changes that others tell from the moment this returns.
    fn subscribe(&self) -> Answer<'_, Box<dyn Subscription>>;
}

/// A line on which changes are heard.
pub trait Subscription: Send {
    /// The next one; `None` once the line is broken, or silent for longer than it may be.
    fn next(&mut self) -> BoxFuture<'_, Option<Notice>>;
}
