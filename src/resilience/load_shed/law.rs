//! The law of the limit: how many requests may work at once, learnt from how much longer they take than alone; it reads no clock.

use std::time::Duration;

/// Beside so few others (itself counted) a request takes what it takes alone. Beside a second one it takes twice as long
/// where there is one core.
const CALM: usize = 1;
/// The mean of a kind forgets over so many samples.
const MEMORY: f64 = 32.0;
/// So many say what a kind takes alone.
const ENOUGH: f64 = 4.0;
/// Longest that a window is, where it has samples enough.
const WINDOW: Duration = Duration::from_millis(100);
/// Fewer samples than these say nothing.
const FEWEST: u32 = 10;
/// One request that hung must not speak for all.
const MOST_STRETCHED: f64 = 10.0;
/// So much longer than alone is no sign of a queue.
const TOLERANCE: f64 = 1.75;
/// How much of the way to its goal the limit goes with each window.
const STEP: f64 = 0.3;
/// Without a calm moment for so long, one is made.
const CALM_EVERY: Duration = Duration::from_secs(60);
/// The first one comes sooner, and the next ones after twice as long each: a process that has just begun is slow, and one
/// calm shows few of each kind.
const CALM_FIRST: Duration = Duration::from_secs(1);
/// For so long those who go on with something are let in before it.
const GOING_ON: Duration = Duration::from_millis(100);
/// It is given up after so long: whoever hangs has given their place back by then.
const CALM_AWAITED: Duration = Duration::from_secs(1);
/// How long a made calm lasts at most, and with how many samples it ends.
const CALM_LASTS: Duration = Duration::from_millis(150);
const CALM_SAMPLES: u32 = 16;

/// Between what and what the limit moves, and how long a place may be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub least: u32,
    /// Where it begins.
    pub first: u32,
    pub most: u32,
    /// Who is at work for longer hangs.
    pub hangs_after: Duration,
}

/// One request that did its work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Which of the operations, so that each is compared with itself.
    pub kind: usize,
    /// Without what it waited for outside.
    pub took: Duration,
    /// How many were at work when it began, itself among them.
    pub beside: usize,
    /// And when it ended.
    pub beside_at_end: usize,
}

/// The limit and what it was learnt from.
#[derive(Debug)]
pub(super) struct Law {
    bounds: Bounds,
    limit: f64,
    /// What one of each kind takes alone.
    kinds: Vec<Mean>,
    window: Window,
    calm: Calm,
    calm_every: Duration,
}

/// A mean in seconds that forgets.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    seconds: f64,
    samples: f64,
}

#[derive(Debug, Default)]
struct Window {
    begun: Duration,
    samples: u32,
    /// Of them, those whose kind was seen alone; only they tell how much longer they took.
    known: u32,
    stretched: f64,
    busiest: usize,
}

/// When requests were last seen nearly alone.
#[derive(Debug, Clone, Copy)]
enum Calm {
    Seen(Duration),
    /// One is to be made: since then nobody enters until hardly anybody is at work. Who goes on with something does for a
    /// moment, since its first half was let in before.
    Awaited(Duration),
    /// The limit is held down since then, to see requests alone.
    Made {
        since: Duration,
        samples: u32,
    },
}

impl Law {
    /// `kinds`: how many operations are told apart.
    pub(super) fn new(bounds: Bounds, kinds: usize) -> Self {
        Self {
            bounds,
            limit: f64::from(bounds.first),
            kinds: vec![Mean::default(); kinds],
            window: Window::default(),
            calm: Calm::Seen(Duration::ZERO),
            calm_every: CALM_FIRST,
        }
    }

    pub(super) fn limit(&self) -> usize {
        match self.calm {
            Calm::Seen(_) => self.learnt(),
            Calm::Awaited(_) | Calm::Made { .. } => self.learnt().min(CALM),
        }
    }

    /// The same for who goes on with what was begun.
    pub(super) fn limit_going_on(&self, now: Duration) -> usize {
        match self.calm {
            Calm::Awaited(since) if now.saturating_sub(since) < GOING_ON => self.learnt(),
            Calm::Seen(_) | Calm::Awaited(_) | Calm::Made { .. } => self.limit(),
        }
    }

    /// The same where no calm holds it down.
    pub(super) fn learnt(&self) -> usize {
        whole(self.limit)
    }

    /// Takes in a request that ended `now`.
    pub(super) fn learn(&mut self, now: Duration, sample: Sample) {
        let Some(alone) = self.kinds.get_mut(sample.kind) else { return };
        // Looser at the end, or only the short ones would count.
        let calm = sample.beside <= CALM && sample.beside_at_end <= CALM * 2;
        if calm {
            alone.take(sample.took);
        }
        let alone = *alone;
        if calm {
            self.saw_calm(now);
        }
        if !matches!(self.calm, Calm::Seen(_)) {
            return;
        }
        let window = &mut self.window;
        window.samples += 1;
        if alone.samples >= ENOUGH {
            let stretched = sample.took.as_secs_f64() / alone.seconds.max(f64::MIN_POSITIVE);
            window.known += 1;
            window.stretched += stretched.min(MOST_STRETCHED);
        }
        window.busiest = window.busiest.max(sample.beside).max(sample.beside_at_end);
        if window.samples >= FEWEST && now.saturating_sub(window.begun) >= WINDOW {
            self.conclude(now);
        }
    }

    /// Makes the calm that is awaited once hardly anybody is at work, and ends both in time, whatever happens.
    pub(super) fn tick(&mut self, now: Duration, at_work: usize) {
        match self.calm {
            Calm::Awaited(_) if at_work <= CALM => self.begin_calm(now),
            Calm::Awaited(since) if now.saturating_sub(since) >= CALM_AWAITED => self.resume(now),
            Calm::Made { since, .. } if now.saturating_sub(since) >= CALM_LASTS => self.resume(now),
            Calm::Seen(_) | Calm::Awaited(_) | Calm::Made { .. } => {}
        }
    }

    fn begin_calm(&mut self, now: Duration) {
        self.calm = Calm::Made { since: now, samples: 0 };
        // What is seen now is to count for more than what was seen long ago.
        for alone in &mut self.kinds {
            alone.samples = alone.samples.min(ENOUGH);
        }
    }

    fn saw_calm(&mut self, now: Duration) {
        match &mut self.calm {
            Calm::Seen(at) => *at = now,
            Calm::Awaited(_) => {}
            Calm::Made { samples, .. } => {
                *samples += 1;
                if *samples >= CALM_SAMPLES {
                    self.resume(now);
                }
            }
        }
    }

    fn resume(&mut self, now: Duration) {
        self.calm = Calm::Seen(now);
        self.window = Window { begun: now, ..Window::default() };
    }

    /// Moves the limit by what the window saw.
    fn conclude(&mut self, now: Duration) {
        let window = std::mem::take(&mut self.window);
        self.window.begun = now;
        // With half of the places free the limit holds nobody up, and nothing is known of a larger one.
        if window.busiest * 2 < self.learnt() {
            return;
        }
        if window.known >= FEWEST {
            let stretched = window.stretched / f64::from(window.known);
            let gradient = (TOLERANCE / stretched).clamp(0.5, 1.0);
            let goal = self.limit * gradient + self.limit.sqrt();
            let limit = self.limit + (goal - self.limit) * STEP;
            self.limit = limit.clamp(f64::from(self.bounds.least), f64::from(self.bounds.most));
        }
        if let Calm::Seen(at) = self.calm
            && now.saturating_sub(at) >= self.calm_every
        {
            self.calm_every = (self.calm_every * 2).min(CALM_EVERY);
            self.calm = Calm::Awaited(now);
        }
    }
}

impl Mean {
    fn take(&mut self, took: Duration) {
        self.samples = (self.samples + 1.0).min(MEMORY);
        self.seconds += (took.as_secs_f64() - self.seconds) / self.samples;
    }
}

/// The limit as a number of requests.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and the largest u32, from the bounds"
)]
fn whole(limit: f64) -> usize {
    limit.max(1.0) as usize
}
