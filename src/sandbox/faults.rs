//! Injected failures: which are on, and the dice that decide whom they hit; carries none of them out.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

const MAX_LATENCY_MS: u64 = 60_000;

/// What goes wrong with `/v1/*` and with call-backs. What a request leaves out is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "three independent switches; this is their wire form"
)]
pub struct Faults {
    /// Every call waits this long first; at most 60 000.
    pub latency_ms: u64,
    /// Share of calls answered 500, half of them after they took effect; 0 to 1.
    pub error_rate: f64,
    /// Share of calls never answered, half of them after they took effect; 0 to 1. A call is hit by one fault at most:
    /// errors are drawn first.
    pub hang_rate: f64,
    /// Connections are closed without an answer and nothing takes effect.
    pub down: bool,
    /// Each call-back is sent twice.
    pub duplicate_callbacks: bool,
    /// Call-backs are sent out of order.
    pub shuffle_callbacks: bool,
}

/// A fault setting out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFaults {
    /// Too slow.
    #[error("latencyMs must be at most {MAX_LATENCY_MS}")]
    Latency,
    /// Not a share.
    #[error("errorRate and hangRate must be between 0 and 1")]
    Rate,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing unusual.
    Served,
    /// The connection is closed.
    CutOff,
    /// 500.
    Fails(Moment),
    /// No answer.
    Hangs(Moment),
}

/// When a call is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before it took effect.
    Before,
    /// After it took effect.
    After,
}

/// A seeded source of chance.
#[derive(Debug)]
pub struct Dice(Mutex<StdRng>);

impl Dice {
    /// The same seed gives the same throws.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// True with this probability, which must be within 0 and 1.
    pub fn chance(&self, probability: f64) -> bool {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        dice.random_range(0.0..1.0) < probability
    }

    /// A random part of a duration.
    pub fn part_of(&self, whole: Duration) -> Duration {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        whole.mul_f64(dice.random_range(0.0..1.0))
    }
}

/// The faults that are on now.
#[derive(Debug, Default)]
pub struct FaultBoard(Mutex<Faults>);

impl FaultBoard {
    /// What is on.
    pub fn read(&self) -> Faults {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces all of it.
    ///
    /// # Errors
    /// [`InvalidFaults`]; nothing changes then.
    pub fn replace(&self, faults: Faults) -> Result<(), InvalidFaults> {
        let faults = faults.checked()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = faults;
        Ok(())
    }
}

impl Faults {
    /// How long a call waits first.
    #[must_use]
    pub fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }

    /// Draws what happens to one call.
    #[must_use]
    pub fn fate(&self, dice: &Dice) -> Fate {
        if self.down {
            return Fate::CutOff;
        }
        let fails = dice.chance(self.error_rate);
        let hangs = dice.chance(self.hang_rate);
        let moment = if dice.chance(0.5) { Moment::Before } else { Moment::After };
        match (fails, hangs) {
            (true, _) => Fate::Fails(moment),
            (false, true) => Fate::Hangs(moment),
            (false, false) => Fate::Served,
        }
    }

    fn checked(self) -> Result<Self, InvalidFaults> {
        if self.latency_ms > MAX_LATENCY_MS {
            return Err(InvalidFaults::Latency);
        }
        let share = 0.0..=1.0;
        if !share.contains(&self.error_rate) || !share.contains(&self.hang_rate) {
            return Err(InvalidFaults::Rate);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, Fate, FaultBoard, Faults, InvalidFaults};

    #[test]
    fn the_same_seed_draws_the_same_fates() {
        let faults = Faults { error_rate: 0.5, hang_rate: 0.5, ..Faults::default() };
        let draw = |seed| {
            let dice = Dice::seeded(seed);
            (0..50).map(|_| faults.fate(&dice)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_rate_of_zero_hits_nobody_and_of_one_everybody() {
        let dice = Dice::seeded(1);
        let always = Faults { error_rate: 1.0, ..Faults::default() };
        assert!((0..200).all(|_| Faults::default().fate(&dice) == Fate::Served));
        assert!((0..200).all(|_| matches!(always.fate(&dice), Fate::Fails(_))));
    }

    #[test]
    fn faults_out_of_range_change_nothing() {
        let board = FaultBoard::default();
        let wrong = Faults { error_rate: 1.5, ..Faults::default() };
        assert_eq!(board.replace(wrong), Err(InvalidFaults::Rate));
        assert_eq!(board.read(), Faults::default());
    }
}
