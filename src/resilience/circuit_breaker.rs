//! A circuit breaker: stops calling a neighbour that keeps failing and finds out carefully when it is back; it makes no call itself.
//!
//! `closed` lets everything through and watches the last calls; when too many of them failed or were slow it is `open`
//! and refuses at once. After a pause it is `half-open`: a few probes go through, all of which must succeed to close it;
//! one failure opens it again. A verdict from before the last change of state counts for nothing.
//!
//! Each change of state is counted; opening and closing are also told in the log, once, however often probes fail between.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};

use crate::domain::clock::Clock;

/// When to open and how to find back.
#[derive(Debug, Clone, Copy)]
pub struct BreakerSettings {
    /// How long a call counts.
    pub window: Duration,
    /// How many of the newest calls count at most.
    pub most_calls: usize,
    /// With fewer calls than these in the window nothing is concluded.
    pub fewest_calls: usize,
    /// Opens when at least this share of the calls was bad, in percent.
    pub bad_percent: usize,
    /// A call that took longer is bad even though it succeeded.
    pub slow_after: Duration,
    /// How long it stays open before it probes.
    pub pause: Duration,
    /// How many probes go through half-open.
    pub probes: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            window: Duration::seconds(30),
            most_calls: 100,
            fewest_calls: 20,
            bad_percent: 50,
            slow_after: Duration::milliseconds(3_500),
            pause: Duration::seconds(10),
            probes: 3,
        }
    }
}

/// The circuit is open: nothing was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit is open")]
pub struct CircuitOpen {
    /// When a probe may go through again.
    pub retry_after: Duration,
}

/// How a call ended, as far as the neighbour's health goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Good,
    Bad,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: OffsetDateTime,
    health: Health,
}

#[derive(Debug)]
enum State {
    Closed(VecDeque<Sample>),
    Open { until: OffsetDateTime },
    HalfOpen { under_way: u32, succeeded: u32 },
}

#[derive(Debug)]
struct Inner {
    name: &'static str,
    state: State,
    /// Raised by one with each change of state.
    generation: u64,
    /// Whether the log's last word was that it is open.
    told_open: bool,
    /// How the last bad call ended, where its caller said so.
    cause: String,
}

/// Shared by all callers of one neighbour.
#[derive(Clone)]
pub struct CircuitBreaker {
    clock: Arc<dyn Clock>,
    settings: BreakerSettings,
    inner: Arc<Mutex<Inner>>,
}

impl std::fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CircuitBreaker").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Leave to make one call; tell it how the call ended. Dropped without a verdict it counts for nothing.
#[derive(Debug)]
pub struct CallPermit {
    breaker: CircuitBreaker,
    generation: u64,
    began: OffsetDateTime,
    verdict: Option<Health>,
    cause: Option<String>,
}

impl CircuitBreaker {
    /// `name`: the neighbour's, as metrics and log lines call it.
    pub fn new(name: &'static str, clock: Arc<dyn Clock>, settings: BreakerSettings) -> Self {
        let state = State::Closed(VecDeque::new());
        let inner = Inner { name, state, generation: 0, told_open: false, cause: String::new() };
        inner.show();
        Self { clock, settings, inner: Arc::new(Mutex::new(inner)) }
    }

    /// Leave to make a call.
    ///
    /// # Errors
    /// [`CircuitOpen`] while it is open, or half-open with all probes given out.
    pub fn admit(&self) -> Result<CallPermit, CircuitOpen> {
        let now = self.clock.now();
        let mut inner = self.lock();
        if let State::Open { until } = inner.state {
            if let Some(retry_after) = self.left(until, now) {
                return Err(CircuitOpen { retry_after });
            }
            inner.change(State::HalfOpen { under_way: 0, succeeded: 0 });
        }
        if let State::HalfOpen { under_way, succeeded } = &mut inner.state {
            if *under_way + *succeeded >= self.settings.probes {
                return Err(CircuitOpen { retry_after: Duration::seconds(1) });
            }
            *under_way += 1;
        }
        let generation = inner.generation;
        Ok(CallPermit { breaker: self.clone(), generation, began: now, verdict: None, cause: None })
    }

    /// How long nothing is let through yet; `None` where a call, or a probe, may be.
    pub fn open_for(&self) -> Option<Duration> {
        let now = self.clock.now();
        match self.lock().state {
            State::Open { until } => self.left(until, now),
            State::HalfOpen { .. } | State::Closed(_) => None,
        }
    }

    /// What is left of the pause; a clock that has gone back makes it no longer.
    fn left(&self, until: OffsetDateTime, now: OffsetDateTime) -> Option<Duration> {
        let left = until - now;
        (left.is_positive() && left <= self.settings.pause).then_some(left)
    }

    fn judge(&self, permit: &CallPermit) {
        let now = self.clock.now();
        let slow = now - permit.began > self.settings.slow_after;
        let verdict = permit.verdict.map(|health| if slow { Health::Bad } else { health });
        let mut inner = self.lock();
        if inner.generation != permit.generation {
            return;
        }
        if let Some(cause) = &permit.cause {
            inner.cause.clone_from(cause);
        }
        let next = match (&mut inner.state, verdict) {
            (State::Closed(samples), Some(health)) => {
                self.watch(samples, Sample { at: now, health }).then(|| self.open(now))
            }
            (State::HalfOpen { under_way, .. }, None) => {
                *under_way = under_way.saturating_sub(1);
                None
            }
            (State::HalfOpen { .. }, Some(Health::Bad)) => Some(self.open(now)),
            (State::HalfOpen { under_way, succeeded }, Some(Health::Good)) => {
                *under_way = under_way.saturating_sub(1);
                *succeeded += 1;
                (*succeeded >= self.settings.probes).then(|| State::Closed(VecDeque::new()))
            }
            (State::Open { .. }, _) | (State::Closed(_), None) => None,
        };
        if let Some(next) = next {
            inner.change(next);
        }
    }

    fn open(&self, now: OffsetDateTime) -> State {
        State::Open { until: now + self.settings.pause }
    }

    /// Takes the sample in; whether too many calls of the window are bad.
    fn watch(&self, samples: &mut VecDeque<Sample>, newest: Sample) -> bool {
        samples.push_back(newest);
        let oldest = newest.at - self.settings.window;
        while samples.len() > self.settings.most_calls
            || samples.front().is_some_and(|sample| sample.at < oldest)
        {
            samples.pop_front();
        }
        let bad = samples.iter().filter(|sample| sample.health == Health::Bad).count();
        samples.len() >= self.settings.fewest_calls
            && bad * 100 >= samples.len() * self.settings.bad_percent
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn change(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
        let (name, to) = (self.name, self.state.name());
        metrics::counter!("circuit_breaker_transitions_total", "name" => name, "to" => to)
            .increment(1);
        self.show();
        match self.state {
            State::Open { .. } if !self.told_open => {
                self.told_open = true;
                let cause = self.cause.as_str();
                tracing::warn!(
                    name,
                    cause,
                    "the circuit is open: too many calls failed or were slow"
                );
            }
            State::Closed(_) if self.told_open => {
                self.told_open = false;
                tracing::info!(name, "the circuit is closed again");
            }
            State::Open { .. } | State::HalfOpen { .. } | State::Closed(_) => {}
        }
    }

    /// 0 closed, 1 half-open, 2 open.
    fn show(&self) {
        metrics::gauge!("circuit_breaker_state", "name" => self.name).set(self.state.rank());
    }
}

impl State {
    fn name(&self) -> &'static str {
        match self {
            Self::Closed(_) => "closed",
            Self::HalfOpen { .. } => "half_open",
            Self::Open { .. } => "open",
        }
    }

    fn rank(&self) -> f64 {
        match self {
            Self::Closed(_) => 0.0,
            Self::HalfOpen { .. } => 1.0,
            Self::Open { .. } => 2.0,
        }
    }
}

impl CallPermit {
    /// Tells how the call ended.
    pub fn end(mut self, health: Health) {
        self.verdict = Some(health);
    }

    /// Tells that it failed, and how, for the log's line when the circuit opens.
    pub fn fail(mut self, cause: impl std::fmt::Display) {
        self.verdict = Some(Health::Bad);
        self.cause = Some(cause.to_string());
    }
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        self.breaker.judge(self);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use time::{Duration, OffsetDateTime};

    use super::{BreakerSettings, CircuitBreaker, Health};
    use crate::domain::clock::ManualClock;

    fn breaker() -> (Arc<ManualClock>, CircuitBreaker) {
        let clock = Arc::new(ManualClock::starting_at(OffsetDateTime::UNIX_EPOCH));
        let settings = BreakerSettings { fewest_calls: 4, probes: 2, ..Default::default() };
        (Arc::clone(&clock), CircuitBreaker::new("neighbour", clock, settings))
    }

    fn call(breaker: &CircuitBreaker, times: usize, health: Health) {
        for _ in 0..times {
            breaker.admit().unwrap().end(health);
        }
    }

    #[test]
    fn it_opens_when_half_of_enough_calls_are_bad() {
        let (_, breaker) = breaker();
        call(&breaker, 2, Health::Good);
        call(&breaker, 1, Health::Bad);
        assert!(breaker.admit().is_ok());
        call(&breaker, 1, Health::Bad);
        assert_eq!(breaker.admit().unwrap_err().retry_after, Duration::seconds(10));
    }

    #[test]
    fn calls_before_the_window_are_forgotten() {
        let (clock, breaker) = breaker();
        call(&breaker, 3, Health::Bad);
        clock.advance(Duration::seconds(31));
        call(&breaker, 1, Health::Bad);
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_pause_longer() {
        let (clock, breaker) = breaker();
        call(&breaker, 4, Health::Bad);
        assert!(breaker.admit().is_err());
        clock.set(OffsetDateTime::UNIX_EPOCH - Duration::HOUR);
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn a_slow_success_is_bad() {
        let (clock, breaker) = breaker();
        for _ in 0..4 {
            let permit = breaker.admit().unwrap();
            clock.advance(Duration::seconds(4));
            permit.end(Health::Good);
        }
        assert!(breaker.admit().is_err());
    }

    #[test]
    fn half_open_lets_only_the_probes_through_and_closes_when_all_succeed() {
        let (clock, breaker) = breaker();
        call(&breaker, 4, Health::Bad);
        clock.advance(Duration::seconds(10));
        let first = breaker.admit().unwrap();
        let second = breaker.admit().unwrap();
        assert!(breaker.admit().is_err());
        first.end(Health::Good);
        assert!(breaker.admit().is_err());
        second.end(Health::Good);
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn a_failed_probe_opens_it_again_and_an_abandoned_one_gives_its_place_back() {
        let (clock, breaker) = breaker();
        call(&breaker, 4, Health::Bad);
        clock.advance(Duration::seconds(10));
        drop(breaker.admit().unwrap());
        let kept = breaker.admit().unwrap();
        breaker.admit().unwrap().end(Health::Bad);
        assert!(breaker.admit().is_err());
        clock.advance(Duration::seconds(10));
        let probe = breaker.admit().unwrap();
        // A verdict from before counts for nothing.
        kept.end(Health::Bad);
        probe.end(Health::Good);
        call(&breaker, 1, Health::Good);
        assert!(breaker.admit().is_ok());
    }
}
