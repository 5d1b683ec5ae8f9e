//! The script in Redis and the laws in process come to the same, number by number, over random schedules.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{collection, prop_assert_eq};
use till::domain::rate::{Algorithm, Rate};
use till::resilience::rate_limit::{InProcess, Intent, LimitStore, Policy, SharedPolicy};

use super::{clock, instances, prefix};

const NAMES: [&str; 3] = ["first", "second", "third"];

fn rates() -> impl Strategy<Value = Rate> {
    let algorithm = proptest::sample::select(Algorithm::ALL.to_vec());
    let window = prop_oneof![1_u64..20, Just(60), Just(86_400)];
    (algorithm, 1_u32..12, window, any::<Option<u8>>()).prop_map(
        |(algorithm, limit, seconds, burst)| {
            let bucket = matches!(algorithm, Algorithm::TokenBucket | Algorithm::LeakyBucket);
            // A day's bucket is whole within a week.
            let burst = burst.filter(|_| bucket).map(|burst| 1 + u32::from(burst) % (7 * limit));
            Rate::new(algorithm, limit, Duration::from_secs(seconds), burst).unwrap()
        },
    )
}

/// One to three policies of one caller.
fn policies() -> impl Strategy<Value = Vec<SharedPolicy>> {
    collection::vec(rates(), 1..=3).prop_map(|rates| {
        let named = rates.into_iter().zip(NAMES);
        named.map(|(rate, name)| Arc::new(Policy::new(name, rate))).collect()
    })
}

/// Waits in microseconds, and whether the request is only asked about.
fn schedule() -> impl Strategy<Value = Vec<(i64, bool)>> {
    let wait = prop_oneof![
        3 => Just(0),
        5 => 0_i64..2_000_000,
        1 => 0_i64..100_000_000_000,
        // A clock may go back.
        1 => -100_000_000_i64..0,
    ];
    collection::vec((wait, any::<bool>()), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn redis_decides_as_the_process_does(policies in policies(), schedule in schedule()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = clock();
        let process = InProcess::new(clock.clone());
        let redis = runtime.block_on(async { instances(1, &prefix(), &clock).remove(0) });
        for (wait, look) in schedule {
            clock.advance(time::Duration::microseconds(wait));
            let intent = if look { Intent::Look } else { Intent::Take };
            let in_redis = runtime.block_on(redis.ask("caller", &policies, intent)).unwrap();
            prop_assert_eq!(in_redis, process.ask("caller", &policies, intent));
        }
    }
}
