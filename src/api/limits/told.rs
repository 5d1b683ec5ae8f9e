//! What a client is told of its limits: the header fields of every answer and the problem of a refused one; it counts nothing.
//!
//! `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-10, with every policy that was
//! asked; the three `X-RateLimit-…` fields tell of the narrowest. `t` and `X-RateLimit-Reset` are until the next request
//! is certain to pass where none is left, else until all is there again.

use std::cmp::Reverse;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::api::problem::{Problem, ProblemCode};
use crate::resilience::rate_limit::{SharedPolicy, Standing};

pub const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
pub const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
pub const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// In microseconds.
const SECOND: u64 = 1_000_000;

/// One limit and how it stands.
#[derive(Debug, Clone)]
pub struct Told {
    pub policy: SharedPolicy,
    pub standing: Standing,
}

impl Told {
    /// Whole seconds until the next is certain to pass where none is left, else until all is there again; rounded up.
    pub fn seconds(&self) -> u64 {
        self.wait().div_ceil(SECOND)
    }

    /// The same in microseconds.
    fn wait(&self) -> u64 {
        let Standing { remaining, retry_after, whole_after, .. } = self.standing;
        if remaining == 0 { retry_after } else { whole_after }
    }

    /// The window in seconds.
    pub fn window(&self) -> u64 {
        self.policy.window() / SECOND
    }
}

/// The refusal, where one of the limits is used up. `others` were asked before, and let this one pass: it may have been the
/// last that did, and the next try needs them, too.
pub fn refusal(told: &[Told], others: &[Told]) -> Option<Problem> {
    let refused = || told.iter().filter(|told| !told.standing.allowed);
    let longest = refused().max_by_key(|told| told.standing.retry_after)?;
    let all = told.iter().chain(others).filter(|told| told.standing.remaining == 0);
    let wait = all.map(|told| told.standing.retry_after).max().unwrap_or_default();
    for told in refused() {
        metrics::counter!("rate_limited_total", "policy" => told.policy.name()).increment(1);
    }
    let (name, limit, window) = (longest.policy.name(), longest.policy.limit(), longest.window());
    let detail = format!("The policy \"{name}\" is used up: {limit} requests in {window} s.");
    let wait = Duration::from_micros(wait);
    Some(Problem::new(ProblemCode::RateLimited).detail(detail).retry_after(wait))
}

/// Writes the fields; nothing where no limit was asked. `now`: microseconds since the epoch.
pub fn write(told: &[Told], now: u64, headers: &mut HeaderMap) {
    // Of several that are used up the one that takes longest: what it tells is true of all.
    let narrow = |told: &&Told| (told.standing.remaining, Reverse(told.wait()));
    let Some(narrowest) = told.iter().min_by_key(narrow) else { return };
    let policies = list(told, |text, told| {
        let (name, limit, window) = (told.policy.name(), told.policy.limit(), told.window());
        write!(text, "\"{name}\";q={limit};w={window}")
    });
    let standings = list(told, |text, told| {
        let (name, remaining) = (told.policy.name(), told.standing.remaining);
        write!(text, "\"{name}\";r={remaining};t={}", told.seconds())
    });
    // Names are plain and the rest is digits: there is always a value.
    for (name, value) in [(RATELIMIT_POLICY, policies), (RATELIMIT, standings)] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    let reset = now.saturating_add(narrowest.wait()).div_ceil(SECOND);
    let most = narrowest.policy.limit().max(narrowest.policy.burst());
    headers.insert(X_RATELIMIT_LIMIT, most.into());
    headers.insert(X_RATELIMIT_REMAINING, narrowest.standing.remaining.into());
    headers.insert(X_RATELIMIT_RESET, reset.into());
}

/// One after the other, in one piece of memory.
fn list(
    told: &[Told],
    one: impl Fn(&mut String, &Told) -> std::fmt::Result,
) -> Option<HeaderValue> {
    let mut text = String::with_capacity(told.len() * 48);
    for (place, told) in told.iter().enumerate() {
        if place > 0 {
            text.push_str(", ");
        }
        one(&mut text, told).ok()?;
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
}

/// All that was counted for one request, gathered on its way in and written on its answer.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Vec<Told>>>);

impl Tally {
    pub fn add(&self, told: Vec<Told>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
    }

    /// What was counted so far.
    pub fn seen(&self) -> Vec<Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
