//! A place among those at work: free again when it is dropped, while its holder waits for something outside, and once they hang.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::gate::Gate;
use super::shed::{Inner, Waiting};

tokio::task_local! {
    /// The place of the request that this task works for.
    static SLOT: Slot;
}

/// A place; it is free again when its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Slot(Arc<Held>);

#[derive(Debug)]
struct Held {
    inner: Arc<Inner>,
    kind: usize,
    entered: Duration,
    beside: usize,
    away: Mutex<Away>,
    /// Its place was given back.
    left: bool,
}

/// What of the time was spent outside.
#[derive(Debug, Default)]
struct Away {
    /// Waits under way; the place is given back while there is any.
    waits: u32,
    since: Duration,
    total: Duration,
    /// In the place, and yet not at work.
    queued: Duration,
    /// At work for too long: the place is another's.
    hangs: bool,
}

impl Slot {
    pub(super) fn new(inner: &Arc<Inner>, entered: Duration, kind: usize, beside: usize) -> Self {
        let (inner, away) = (Arc::clone(inner), Mutex::default());
        Self(Arc::new(Held { inner, kind, entered, beside, away, left: false }))
    }

    /// Does this in the place: [`step_outside`] and [`carry`] find it. Where it hangs, the place is given to others.
    pub async fn hold<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(SLOT.scope(self.clone(), work));
        loop {
            if let Ok(output) = timeout(self.0.inner.hangs_after, work.as_mut()).await {
                return output;
            }
            if self.hangs_at(self.0.inner.now()) {
                return work.await;
            }
        }
    }

    /// Whether it hangs, as it does from the moment that it is told so.
    pub(super) fn hangs_at(&self, now: Duration) -> bool {
        let held = &self.0;
        let mut away = held.lock();
        let at_work = now.saturating_sub(held.entered).saturating_sub(away.total);
        if away.waits > 0 || at_work < held.inner.hangs_after {
            return false;
        }
        away.hangs = true;
        held.inner.change_at(now, |gate| {
            gate.hang(held.kind);
            held.inner.show_hanging(gate);
        });
        true
    }

    /// The place is given back until what is returned is dropped.
    #[must_use]
    pub fn step_outside(&self) -> Outside {
        let now = self.0.inner.now();
        let mut away = self.0.lock();
        away.waits += 1;
        if away.waits == 1 {
            away.since = now;
            // Before anybody else can come back.
            if !away.hangs {
                self.0.inner.change(Gate::leave);
            }
        }
        drop(away);
        Outside(self.clone())
    }

    /// The place is kept while its holder waits until work for others is done, to go with who waits beside it. How long that
    /// was says nothing about the machine, so until what is returned is dropped no time counts as taken; it still counts
    /// for hanging. Not beside [`Slot::step_outside`]: the time would be left out twice.
    #[must_use]
    pub fn queue(&self) -> Queued {
        Queued { slot: self.clone(), since: self.0.inner.now() }
    }

    fn queued_for(&self, waited: Duration) {
        self.0.lock().queued += waited;
    }

    /// The request did its work: what it took teaches the law. The place is given back in the same step, where nobody
    /// holds it beside.
    pub fn worked(self) {
        match Arc::try_unwrap(self.0) {
            Ok(mut held) => {
                held.left = true;
                let leave = held.leave();
                held.learn(leave);
            }
            Err(shared) => shared.learn(|_gate| {}),
        }
    }
}

impl Held {
    fn learn(&self, and: impl FnOnce(&mut Gate<Waiting>)) {
        let now = self.inner.now();
        let took = self.took_at(now);
        self.inner.change_at(now, |gate| {
            if let Some(took) = took {
                gate.learn(now, self.kind, took, self.beside);
            }
            and(gate);
        });
    }

    /// How long it has been at work; of a wait outside that goes on it is not known how long it is.
    fn took_at(&self, now: Duration) -> Option<Duration> {
        let away = self.lock();
        let elsewhere = away.total + away.queued;
        (away.waits == 0).then(|| now.saturating_sub(self.entered).saturating_sub(elsewhere))
    }

    /// What leaving is to the gate.
    fn leave(&self) -> impl FnOnce(&mut Gate<Waiting>) {
        let hangs = self.lock().hangs;
        move |gate| {
            if hangs {
                gate.hung(self.kind);
                self.inner.show_hanging(gate);
            } else {
                gate.leave();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Away> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Whoever is outside holds a clone, so the place is taken here.
        if !self.left {
            self.inner.change(self.leave());
        }
    }
}

/// A wait for something outside, during which a request has no place.
#[derive(Debug)]
pub struct Outside(Slot);

impl Drop for Outside {
    fn drop(&mut self) {
        let held = &self.0.0;
        let now = held.inner.now();
        let mut away = held.lock();
        away.waits = away.waits.saturating_sub(1);
        if away.waits == 0 {
            let waited = now.saturating_sub(away.since);
            away.total += waited;
            if !away.hangs {
                held.inner.change(Gate::come_back);
            }
        }
    }
}

/// A wait in the place.
#[derive(Debug)]
pub struct Queued {
    slot: Slot,
    since: Duration,
}

impl Drop for Queued {
    fn drop(&mut self) {
        let now = self.slot.0.inner.now();
        self.slot.queued_for(now.saturating_sub(self.since));
    }
}

/// Gives back the place of this task's request, if it has one, until what is returned is dropped: for waiting for
/// something that is no work of this process.
pub fn step_outside() -> Option<Outside> {
    SLOT.try_with(Slot::step_outside).ok()
}

/// The place of this task's request, if it has one: for work that is done with that of others and outlives the client.
pub fn held() -> Option<Slot> {
    SLOT.try_with(Slot::clone).ok()
}

/// For a task that goes on with this task's request: the place goes with it, and is free when both are done.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let slot = held();
    async move {
        match slot {
            Some(slot) => SLOT.scope(slot, work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Slot;
    use crate::resilience::load_shed::{Asked, Bounds, LoadShed, Rank};

    fn enter(shed: &LoadShed) -> Option<Slot> {
        match shed.ask(Rank::GoesOn, 0) {
            Asked::Entered(place) => Some(place),
            Asked::Queued(_) | Asked::Refused(_) => None,
        }
    }

    #[test]
    fn who_waits_in_line_keeps_the_place_and_is_not_taken_for_slow() {
        let (hangs_after, waited) = (Duration::from_secs(3_600), Duration::from_secs(60));
        let shed = LoadShed::new(Bounds { least: 1, first: 1, most: 1, hangs_after }, 1);
        let place = enter(&shed).unwrap();
        let later = place.0.inner.now() + hangs_after;
        let at_work = place.0.took_at(later).unwrap();
        let queued = place.queue();
        assert!(enter(&shed).is_none());
        drop(queued);
        let but_for_that = place.0.took_at(later).unwrap();
        assert!(but_for_that < at_work);
        place.queued_for(waited);
        assert_eq!(place.0.took_at(later), Some(but_for_that - waited));
        // It hangs all the same: others are not to wait for it.
        assert!(place.hangs_at(later));
    }
}
