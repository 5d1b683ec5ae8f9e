//! Each law against its definition, over random schedules; the definitions know only when requests were let through.

use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{collection, prop_assert, prop_assert_eq};

use super::State;
use crate::domain::rate::{Algorithm, Rate};
use crate::resilience::rate_limit::Policy;

/// A Sunday in 2026, in the middle of a window of any length.
const BEGIN: u64 = 1_795_953_661_234_567;

/// Whether one more would be let through at `now`, said by definition.
fn definition(policy: &Policy, passed: &[u64], now: u64) -> bool {
    let (limit, window) = (u64::from(policy.limit()), policy.window());
    let count = |within: &dyn Fn(u64) -> bool| {
        u64::try_from(passed.iter().filter(|time| within(**time)).count()).unwrap()
    };
    match policy.algorithm() {
        // An arrival curve: from any request on, no more than the burst and what has come back since.
        Algorithm::TokenBucket | Algorithm::LeakyBucket => passed.iter().all(|&first| {
            let back = (now - first) / policy.interval();
            count(&|time| time >= first) < u64::from(policy.burst()) + back
        }),
        Algorithm::FixedWindow => count(&|time| time / window == now / window) < limit,
        Algorithm::SlidingWindow => count(&|time| time + window > now) < limit,
        Algorithm::SlidingWindowCounter => {
            let nth = now / window;
            let current = count(&|time| time / window == nth);
            let previous = count(&|time| time / window + 1 == nth);
            let (elapsed, window) = ((now % window) / 1_000, window / 1_000);
            current + (previous * (window - elapsed)).div_ceil(window) < limit
        }
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    let algorithm = prop_oneof![
        Just(Algorithm::TokenBucket),
        Just(Algorithm::LeakyBucket),
        Just(Algorithm::FixedWindow),
        Just(Algorithm::SlidingWindow),
        Just(Algorithm::SlidingWindowCounter),
    ];
    (algorithm, 1_u32..12, 1_u64..20, any::<Option<u8>>()).prop_map(
        |(algorithm, limit, seconds, burst)| {
            let bucket = matches!(algorithm, Algorithm::TokenBucket | Algorithm::LeakyBucket);
            let burst = burst.filter(|_| bucket).map(|burst| u32::from(burst % 15) + 1);
            let window = Duration::from_secs(seconds);
            Policy::new("model", Rate::new(algorithm, limit, window, burst).unwrap())
        },
    )
}

/// Waits between requests, in microseconds: often none, often short, now and then longer than two windows.
fn waits() -> impl Strategy<Value = Vec<u64>> {
    let wait = prop_oneof![3 => Just(0), 5 => 0_u64..2_000_000, 1 => 0_u64..50_000_000];
    collection::vec(wait, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_law_lets_through_what_its_definition_lets_through(policy in policies(), waits in waits()) {
        let (mut state, mut passed, mut now) = (State::new(&policy), Vec::new(), BEGIN);
        for wait in waits {
            now += wait;
            let allowed = state.look(&policy, now).allowed;
            prop_assert_eq!(allowed, definition(&policy, &passed, now));
            if allowed {
                state.take(&policy, now);
                passed.push(now);
            }
        }
    }

    #[test]
    fn what_a_standing_says_comes_true(policy in policies(), waits in waits()) {
        let (mut state, mut now) = (State::new(&policy), BEGIN);
        for wait in waits {
            now += wait;
            let standing = state.look(&policy, now);
            prop_assert_eq!(standing.allowed, standing.remaining > 0);
            let mut next = state.clone();
            for _ in 0..standing.remaining {
                prop_assert!(next.look(&policy, now).allowed);
                next.take(&policy, now);
            }
            prop_assert!(!next.look(&policy, now).allowed);
            // Certain then, and not a microsecond earlier.
            let wait = next.look(&policy, now).retry_after;
            prop_assert!(next.look(&policy, now + wait).allowed);
            prop_assert!(!next.look(&policy, now + wait - 1).allowed);
            let whole = |now| state.look(&policy, now).remaining == policy.burst();
            prop_assert!(whole(now + standing.whole_after));
            prop_assert!(standing.whole_after == 0 || !whole(now + standing.whole_after - 1));
            if standing.allowed {
                state.take(&policy, now);
            }
        }
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_out_for_longer_than_the_law_does(
        policy in policies(), waits in waits(), back in 0_u64..100_000_000_000,
    ) {
        let (mut state, mut now) = (State::new(&policy), BEGIN);
        for wait in waits {
            now += wait;
            if state.look(&policy, now).allowed {
                state.take(&policy, now);
            }
        }
        now -= back;
        state.forget(&policy, now);
        let standing = state.look(&policy, now);
        let longest = policy.depth().max(2 * policy.window());
        prop_assert!(standing.retry_after <= longest);
        prop_assert!(standing.whole_after <= longest);
        prop_assert!(state.look(&policy, now + standing.retry_after).allowed);
    }

    #[test]
    fn never_more_pass_in_any_window_than_the_law_promises(policy in policies(), waits in waits()) {
        let (mut state, mut passed, mut now) = (State::new(&policy), Vec::new(), BEGIN);
        for wait in waits {
            now += wait;
            if state.look(&policy, now).allowed {
                state.take(&policy, now);
                passed.push(now);
            }
        }
        let (limit, window) = (policy.limit(), policy.window());
        let most = match policy.algorithm() {
            Algorithm::TokenBucket | Algorithm::LeakyBucket => limit + policy.burst(),
            Algorithm::SlidingWindow => limit,
            Algorithm::FixedWindow | Algorithm::SlidingWindowCounter => 2 * limit,
        };
        for first in &passed {
            let span = passed.iter().filter(|time| (*first..first + window).contains(*time)).count();
            prop_assert!(span <= usize::try_from(most).unwrap());
        }
    }
}
