//! A limit with a name; it judges no request.

use std::sync::Arc;

use crate::domain::rate::{Algorithm, Rate};

/// A limit with the name under which clients and metrics know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    name: &'static str,
    rate: Rate,
}

/// Shared, since every request asks about some.
pub type SharedPolicy = Arc<Policy>;

impl Policy {
    /// `name`: letters, digits, `_` and `-`.
    pub const fn new(name: &'static str, rate: Rate) -> Self {
        Self { name, rate }
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.rate.algorithm()
    }

    /// Requests of one window.
    pub const fn limit(&self) -> u32 {
        self.rate.limit()
    }

    /// Microseconds.
    pub const fn window(&self) -> u64 {
        self.rate.window()
    }

    /// Requests that pass at once; the limit where there is no bucket.
    pub const fn burst(&self) -> u32 {
        self.rate.burst()
    }

    /// Microseconds that one request of a bucket takes to come back.
    pub fn interval(&self) -> u64 {
        self.rate.interval()
    }

    /// Microseconds that an empty bucket takes to be whole again.
    pub fn depth(&self) -> u64 {
        self.interval() * u64::from(self.burst())
    }
}
