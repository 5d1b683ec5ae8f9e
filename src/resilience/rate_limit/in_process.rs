//! Limits kept in this process alone: the embedded mode, and what goes on when the shared store does not answer; it knows no network.
//!
//! Callers are remembered in two generations: when the younger one is full it becomes the older, whose callers are
//! forgotten at the next change. Whoever asks is carried into the younger one, so only those who stayed away are lost; to
//! be forgotten is to begin anew. The bound is [`MOST`] in each.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use super::law::{Standing, State};
use super::policy::SharedPolicy;
use super::store::Intent;
use crate::domain::clock::Clock;

/// States of one generation.
const MOST: usize = 50_000;

/// The laws, over the memory of one process.
#[derive(Clone)]
pub struct InProcess {
    clock: Arc<dyn Clock>,
    seen: Arc<Mutex<Seen>>,
    most: usize,
}

#[derive(Debug, Default)]
struct Seen {
    young: HashMap<Key, State>,
    old: HashMap<Key, State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    policy: &'static str,
    subject: Arc<str>,
}

impl InProcess {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::remembering(MOST, clock)
    }

    fn remembering(most: usize, clock: Arc<dyn Clock>) -> Self {
        Self { clock, seen: Arc::default(), most }
    }

    /// One request of one caller under all these policies: passes where each lets it pass, and only then is taken from
    /// each. The standings are in the order of the policies.
    pub fn ask(&self, subject: &str, policies: &[SharedPolicy], intent: Intent) -> Vec<Standing> {
        let now = microseconds(&*self.clock);
        let subject: Arc<str> = subject.into();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut states: Vec<(Key, State)> = policies
            .iter()
            .map(|policy| {
                seen.take_out(Key { policy: policy.name(), subject: Arc::clone(&subject) }, policy)
            })
            .collect();
        let mut standings: Vec<_> = states
            .iter_mut()
            .zip(policies)
            .map(|((_, state), policy)| {
                state.forget(policy, now);
                state.look(policy, now)
            })
            .collect();
        if intent == Intent::Take && standings.iter().all(|standing| standing.allowed) {
            standings.clear();
            for ((_, state), policy) in states.iter_mut().zip(policies) {
                state.take(policy, now);
                standings.push(state.look(policy, now).after_passing());
            }
        }
        seen.put_back(states, self.most);
        standings
    }
}

impl Seen {
    fn take_out(&mut self, key: Key, policy: &SharedPolicy) -> (Key, State) {
        let state = self.young.remove(&key).or_else(|| self.old.remove(&key));
        (key, state.unwrap_or_else(|| State::new(policy)))
    }

    fn put_back(&mut self, states: Vec<(Key, State)>, most: usize) {
        if self.young.len() + states.len() > most {
            self.old = mem::take(&mut self.young);
        }
        self.young.extend(states);
    }
}

/// Since the epoch.
fn microseconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().unix_timestamp_nanos() / 1_000).unwrap_or(0)
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use time::OffsetDateTime;

    use super::InProcess;
    use crate::domain::clock::ManualClock;
    use crate::domain::rate::{Algorithm, Rate};
    use crate::resilience::rate_limit::store::Intent;
    use crate::resilience::rate_limit::{Policy, SharedPolicy};

    fn limits(most: usize) -> InProcess {
        let clock = Arc::new(ManualClock::starting_at(OffsetDateTime::UNIX_EPOCH));
        InProcess::remembering(most, clock)
    }

    fn policy(name: &'static str, limit: u32) -> SharedPolicy {
        let rate = Rate::new(Algorithm::TokenBucket, limit, Duration::from_secs(60), None).unwrap();
        Arc::new(Policy::new(name, rate))
    }

    fn passes(limits: &InProcess, subject: &str, policies: &[SharedPolicy]) -> bool {
        let standings = limits.ask(subject, policies, Intent::Take);
        standings.iter().all(|standing| standing.allowed)
    }

    #[test]
    fn where_one_policy_refuses_nothing_is_taken_from_the_others() {
        let limits = limits(10);
        let both = [policy("wide", 5), policy("narrow", 1)];
        assert!(passes(&limits, "a", &both));
        for _ in 0..3 {
            assert!(!passes(&limits, "a", &both));
        }
        assert_eq!(limits.ask("a", &both, Intent::Look)[0].remaining, 4);
    }

    #[test]
    fn looking_takes_nothing() {
        let limits = limits(10);
        for _ in 0..3 {
            assert_eq!(limits.ask("a", &[policy("p", 1)], Intent::Look)[0].remaining, 1);
        }
    }

    #[test]
    fn the_last_that_passes_is_told_that_it_passed() {
        let standing = limits(10).ask("a", &[policy("p", 1)], Intent::Take)[0];
        assert!(standing.allowed);
        assert_eq!(standing.remaining, 0);
        assert_eq!(standing.retry_after, 60_000_000);
    }

    #[test]
    fn who_goes_on_asking_is_remembered_however_many_others_come() {
        let limits = limits(4);
        let once = [policy("p", 1)];
        assert!(passes(&limits, "loyal", &once));
        for stranger in 0..100 {
            assert!(passes(&limits, &stranger.to_string(), &once));
            assert!(!passes(&limits, "loyal", &once));
        }
        let seen = limits.seen.lock().unwrap();
        assert!(seen.young.len() <= 4 && seen.old.len() <= 4);
    }
}
