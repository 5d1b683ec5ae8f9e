//! Chance that falls the same way each time, so that an interrupted seeding tells the same past again. Never for secrets.

use std::ops::RangeInclusive;

use time::{Duration, OffsetDateTime};
use uuid::{Builder, Uuid};

use crate::domain::ids::Id;

/// SplitMix64 (Steele, Lea, Flood 2014): small, quick and the same in every release.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of the `number`-th story under this seed.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        let mut dice = Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    /// One of these whole numbers.
    pub(super) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let width = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start() + self.next() % width
    }

    /// A time span between these two, in whole seconds.
    pub(super) fn span(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let bounds = [shortest, longest].map(|span| span.whole_seconds().unsigned_abs());
        let seconds = self.within(bounds[0]..=bounds[1]);
        Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// One of these things; `None` where there are none.
    pub(super) fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(things.len()).ok()?.checked_sub(1)?;
        things.get(usize::try_from(self.within(0..=last)).ok()?)
    }

    /// The id (UUIDv7) of something that came to be at this time.
    pub(super) fn id<T: Id>(&mut self, at: OffsetDateTime) -> T {
        let milliseconds = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        let random = (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes();
        let mut bytes = [0; 10];
        for (byte, random) in bytes.iter_mut().zip(random) {
            *byte = random;
        }
        let uuid: Uuid = Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid();
        T::from_uuid(uuid)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::Dice;
    use crate::domain::ids::OrderId;

    #[test]
    fn the_same_story_falls_the_same_way_and_another_one_does_not() {
        let at = datetime!(2026-03-02 12:00 UTC);
        let throws = |number| {
            let mut dice = Dice::of(1, number);
            (dice.id::<OrderId>(at), dice.within(0..=u64::MAX - 1))
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn every_side_comes_up() {
        let mut dice = Dice::of(1, 1);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[usize::try_from(dice.within(1..=6)).unwrap() - 1] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}
