//! Whether this process should get traffic: its own phase and its parts, asked briefly and not too often.
//!
//! A part is asked by at most one probe at a time, for at most half a second, and its answer serves everyone for
//! one second: whoever calls `/readyz` in a loop loads nothing but this process. Where nobody calls it, [`Health::watch`]
//! asks, so that `/metrics` tells how each part is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

/// Time between two questions for `/metrics`.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// How hard parts may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeBounds {
    /// Longest time a part may take to answer.
    pub patience: Duration,
    /// How long an answer is good for.
    pub fresh: Duration,
}

impl Default for ProbeBounds {
    fn default() -> Self {
        Self { patience: Duration::from_millis(500), fresh: Duration::from_secs(1) }
    }
}

/// What the process itself is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not everything is up yet.
    Starting,
    /// Doing its work.
    Ready,
    /// Finishing what runs, before it ends.
    Draining,
}

/// The process's phase, shared by whoever changes and whoever reads it.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<watch::Sender<Phase>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Starting)))
    }
}

impl Readiness {
    /// What the process is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Everything is up; a process that drains already stays so.
    pub fn ready(&self) {
        self.0.send_if_modified(|phase| {
            let starting = *phase == Phase::Starting;
            if starting {
                *phase = Phase::Ready;
            }
            starting
        });
    }

    /// The process is about to end; there is no way back.
    pub fn drain(&self) {
        self.0.send_replace(Phase::Draining);
    }
}

/// What it means when a part does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Without it there is no service.
    Required,
    /// Without it the service is worse, but there.
    Optional,
}

/// Why a part counts as down.
pub type ProbeError = Box<dyn std::error::Error + Send + Sync>;

type Answer = Pin<Box<dyn Future<Output = Result<(), ProbeError>> + Send>>;

/// A part and the question that shows whether it is up.
pub struct Probe {
    name: &'static str,
    importance: Importance,
    ask: Box<dyn Fn() -> Answer + Send + Sync>,
    last: Mutex<Option<(Instant, PartState)>>,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartState {
    /// It answers.
    Up,
    /// It does not, and the service goes on without it.
    Degraded,
    /// It does not, and nothing goes without it.
    Down,
}

impl Probe {
    /// A part of this name; `ask` succeeds while it is up.
    pub fn new<F, E>(
        name: &'static str,
        importance: Importance,
        ask: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<ProbeError>,
    {
        let ask = move || -> Answer {
            let answer = ask();
            Box::pin(async move { answer.await.map_err(Into::into) })
        };
        Self { name, importance, ask: Box::new(ask), last: Mutex::new(None) }
    }

    async fn state(&self, bounds: ProbeBounds) -> PartState {
        let mut last = self.last.lock().await;
        let before = match *last {
            Some((when, state)) if when.elapsed() < bounds.fresh => return state,
            Some((_, state)) => state,
            None => PartState::Up,
        };
        let answer = match timeout(bounds.patience, (self.ask)()).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(elapsed.into()),
        };
        let state = match (&answer, self.importance) {
            (Ok(()), _) => PartState::Up,
            (Err(_), Importance::Optional) => PartState::Degraded,
            (Err(_), Importance::Required) => PartState::Down,
        };
        // Logged when it changes, not at every question.
        match answer {
            Err(error) if before == PartState::Up => {
                let error: &dyn std::error::Error = &*error;
                tracing::warn!(part = self.name, error, "a part went away");
            }
            Ok(()) if before != PartState::Up => {
                tracing::info!(part = self.name, "a part is back");
            }
            _ => {}
        }
        let up = if state == PartState::Up { 1.0 } else { 0.0 };
        metrics::gauge!("dependency_up", "dependency" => self.name).set(up);
        *last = Some((Instant::now(), state));
        state
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The process's health: its phase and its parts.
#[derive(Debug, Clone)]
pub struct Health {
    readiness: Readiness,
    probes: Arc<[Probe]>,
    bounds: ProbeBounds,
}

impl Health {
    /// Health of a process with these parts, asked within the usual bounds.
    #[must_use]
    pub fn new(readiness: Readiness, probes: Vec<Probe>) -> Self {
        Self { readiness, probes: probes.into(), bounds: ProbeBounds::default() }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn within(self, bounds: ProbeBounds) -> Self {
        Self { bounds, ..self }
    }

    /// What the process itself is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.readiness.phase()
    }

    /// How each part is, all asked at once.
    pub async fn parts(&self) -> Vec<(&'static str, PartState)> {
        let states = join_all(self.probes.iter().map(|probe| probe.state(self.bounds))).await;
        self.probes.iter().map(|probe| probe.name).zip(states).collect()
    }

    /// Asks each part now and then until told to stop: for `dependency_up`, and the log's word when one goes away.
    pub async fn watch(self, stop: CancellationToken) {
        let mut ticks = interval(WATCH_EVERY);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if stop.run_until_cancelled(self.parts()).await.is_none() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::{Health, Importance, PartState, Phase, Probe, ProbeBounds, ProbeError, Readiness};

    fn counted(asked: &Arc<AtomicUsize>) -> Probe {
        let asked = asked.clone();
        Probe::new("postgres", Importance::Required, move || {
            asked.fetch_add(1, Ordering::Relaxed);
            async { Ok::<(), ProbeError>(()) }
        })
    }

    #[tokio::test]
    async fn many_questions_reach_a_part_once_while_its_answer_is_fresh() {
        let asked = Arc::new(AtomicUsize::new(0));
        let health = Health::new(Readiness::default(), vec![counted(&asked)]);
        let lasting = ProbeBounds { fresh: Duration::from_secs(3_600), ..ProbeBounds::default() };
        let health = health.within(lasting);
        futures_util::future::join_all((0..50).map(|_| health.parts())).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);

        let stale = ProbeBounds { fresh: Duration::ZERO, ..ProbeBounds::default() };
        health.within(stale).parts().await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_part_that_never_answers_is_not_waited_for() {
        let hang = || std::future::pending::<Result<(), ProbeError>>();
        let probes = vec![
            Probe::new("postgres", Importance::Required, hang),
            Probe::new("redis", Importance::Optional, hang),
        ];
        let brief = ProbeBounds { patience: Duration::from_millis(1), ..ProbeBounds::default() };
        let parts = Health::new(Readiness::default(), probes).within(brief).parts().await;
        assert_eq!(parts, [("postgres", PartState::Down), ("redis", PartState::Degraded)]);
    }

    #[test]
    fn a_draining_process_never_becomes_ready_again() {
        let readiness = Readiness::default();
        assert_eq!(readiness.phase(), Phase::Starting);
        readiness.ready();
        assert_eq!(readiness.phase(), Phase::Ready);
        readiness.drain();
        readiness.ready();
        assert_eq!(readiness.phase(), Phase::Draining);
    }
}
