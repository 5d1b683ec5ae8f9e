//! How old a value may be: lifetimes, jitter and the chance of an early refresh.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use time::{Duration, OffsetDateTime};

use super::super::entry::{Age, Birth, Entry, Times, Trust};
use super::{ambient, clock, lifetimes};

fn loaded(cost: Duration, chance: f64) -> Times {
    Times::new(&lifetimes(), OffsetDateTime::UNIX_EPOCH, cost, chance)
}

/// Of many callers at this moment, how many would refresh.
fn early(times: &Times, now: OffsetDateTime, chances: &[f64]) -> usize {
    let is_early = |chance: &&f64| times.age(now, || **chance) == Age::Early;
    chances.iter().filter(is_early).count()
}

fn chances() -> Vec<f64> {
    let ambient = ambient(&clock());
    let draw = || (f64::from(u32::from_ne_bytes(ambient.bytes::<4>())) + 1.0) / 4_294_967_296.0;
    std::iter::repeat_with(draw).take(10_000).collect()
}

#[test]
fn the_chance_of_an_early_refresh_rises_towards_the_end_as_xfetch_has_it() {
    let (times, chances) = (loaded(Duration::SECOND, 0.0), chances());
    let share = |left: Duration| {
        let count = early(&times, times.fresh_until - left, &chances);
        f64::from(u32::try_from(count).unwrap()) / 10_000.0
    };
    let mut before = 0.0;
    for tenths in (1..60).rev() {
        let left = Duration::milliseconds(100 * tenths);
        let now = share(left);
        // P(−cost·ln(chance) ≥ left) = exp(−left/cost).
        let expected = (-left.as_seconds_f64()).exp();
        assert!((now - expected).abs() < 0.02, "{left}: {now}, not {expected}");
        assert!(now >= before, "{left}");
        before = now;
    }
    assert!(share(Duration::seconds(30)) < 0.001);
}

proptest! {
    #[test]
    fn a_dearer_load_is_refreshed_earlier(left in 1_i64..10_000, cost in 1_i64..5_000, chance in 0.001..1.0_f64) {
        let (cheap, dear) = (loaded(Duration::milliseconds(cost), 0.0), loaded(Duration::milliseconds(cost * 2), 0.0));
        let now = cheap.fresh_until - Duration::milliseconds(left);
        prop_assert!(cheap.age(now, || chance) <= dear.age(now, || chance));
    }

    #[test]
    fn an_age_never_goes_back_and_no_jitter_makes_a_value_live_longer(
        jitter in 0.0..1.0_f64, one in 0_i64..4_000, more in 0_i64..4_000, chance in 0.001..1.0_f64,
    ) {
        let times = loaded(Duration::milliseconds(50), jitter);
        let at = |seconds: i64| OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds);
        prop_assert!(times.age(at(one), || chance) <= times.age(at(one + more), || chance));
        prop_assert!(times.fresh_until <= at(60) && times.fresh_until >= at(48));
        prop_assert!(times.age(at(120), || chance) >= Age::Rescue);
        prop_assert_eq!(times.age(at(3_720), || chance), Age::Over);
    }

    #[test]
    fn what_the_shared_tier_gives_back_lives_no_longer_than_it_did(jitter in 0.0..1.0_f64, held in 0_i64..200) {
        let birth = Birth { at: OffsetDateTime::UNIX_EPOCH, epoch: 0, generation: 0 };
        let times = loaded(Duration::milliseconds(3), jitter);
        let entry = Entry { value: std::sync::Arc::new(7_i64), version: 3, birth, times };
        let later = Birth { at: birth.at + Duration::seconds(held), ..birth };
        let read = Entry::<i64>::from_bytes(&entry.to_bytes().unwrap(), &lifetimes(), later).unwrap();
        prop_assert_eq!((read.version, *read.value), (3, 7));
        prop_assert!(read.times.fresh_until <= times.fresh_until);
        prop_assert_eq!(read.times.loaded_at, times.loaded_at);
    }
}

#[test]
fn what_may_have_been_missed_and_a_clock_that_was_put_back_make_a_value_serve_in_need_alone() {
    let birth = Birth { at: OffsetDateTime::UNIX_EPOCH, epoch: 0, generation: 0 };
    let times = loaded(Duration::ZERO, 0.0);
    let entry = Entry { value: std::sync::Arc::new(7_i64), version: 3, birth, times };
    let age = |milliseconds, trust| {
        entry.age(birth.at + Duration::milliseconds(milliseconds), trust, || 1.0)
    };
    assert_eq!(age(0, Trust::Missed), Age::Rescue);
    assert_eq!(age(59_000, Trust::Heard), Age::Fresh);
    let apart = [0, 499, 500, 999, 1_000].map(|held| age(held, Trust::Apart));
    assert_eq!(apart, [Age::Fresh, Age::Fresh, Age::Stale, Age::Stale, Age::Rescue]);
    assert_eq!(age(-1, Trust::Heard), Age::Rescue);
}
