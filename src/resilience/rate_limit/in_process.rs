//! Limits kept in this process alone: the embedded mode, and what goes on when the shared store does not answer; it knows no network.
//!
//! Callers are remembered in two generations: when the younger one is full it becomes the older, whose callers are
//! forgotten at the next change. Whoever asks is carried into the younger one, so only those who stayed away are lost; to
//! be forgotten is to begin anew. The bound is [`MOST`] in each.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use super::law::{Standing, State};
use super::policy::{Policy, SharedPolicy};
use super::store::Intent;
use crate::domain::clock::Clock;

/// Callers of one generation.
const MOST: usize = 50_000;

/// The laws, over the memory of one process.
#[derive(Clone)]
pub struct InProcess {
    clock: Arc<dyn Clock>,
    seen: Arc<Mutex<Seen>>,
}

/// Found by the caller alone, with one look in the common case: what is asked with every request must cost next to nothing.
#[derive(Debug)]
struct Seen {
    young: HashMap<Box<str>, Caller>,
    old: HashMap<Box<str>, Caller>,
    most: usize,
}

/// One caller under each policy that was asked for it; they are few.
#[derive(Debug, Default)]
struct Caller(Vec<(&'static str, State)>);

impl InProcess {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::remembering(MOST, clock)
    }

    fn remembering(most: usize, clock: Arc<dyn Clock>) -> Self {
        let seen = Seen { young: HashMap::new(), old: HashMap::new(), most };
        Self { clock, seen: Arc::new(Mutex::new(seen)) }
    }

    /// One request of one caller under all these policies: passes where each lets it pass, and only then is taken from
    /// each. The standings are in the order of the policies.
    pub fn ask(&self, subject: &str, policies: &[SharedPolicy], intent: Intent) -> Vec<Standing> {
        let now = self.clock.microseconds();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.caller(subject, |caller| caller.ask(policies, intent, now))
    }
}

impl Seen {
    fn caller<T>(&mut self, subject: &str, ask: impl FnOnce(&mut Caller) -> T) -> T {
        if let Some(caller) = self.young.get_mut(subject) {
            return ask(caller);
        }
        let (subject, mut caller) =
            self.old.remove_entry(subject).unwrap_or_else(|| (subject.into(), Caller::default()));
        let answer = ask(&mut caller);
        if self.young.len() >= self.most {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(subject, caller);
        answer
    }
}

impl Caller {
    fn ask(&mut self, policies: &[SharedPolicy], intent: Intent, now: u64) -> Vec<Standing> {
        let look = |policy: &SharedPolicy| {
            self.under(policy, |state| {
                state.forget(policy, now);
                state.look(policy, now)
            })
        };
        let mut standings: Vec<_> = policies.iter().map(look).collect();
        if intent == Intent::Take && standings.iter().all(|standing| standing.allowed) {
            for (standing, policy) in standings.iter_mut().zip(policies) {
                *standing = self.under(policy, |state| {
                    state.take(policy, now);
                    state.look(policy, now).after_passing()
                });
            }
        }
        standings
    }

    fn under<T>(&mut self, policy: &Policy, ask: impl FnOnce(&mut State) -> T) -> T {
        let known = self.0.iter_mut().find(|(name, _)| *name == policy.name());
        if let Some((_, state)) = known {
            return ask(state);
        }
        let mut state = State::new(policy);
        let answer = ask(&mut state);
        self.0.push((policy.name(), state));
        answer
    }
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
