//! `/console`: how this process does, drawn for a person, live; and where a rehearsal is on, the panel that breaks things.
//!
//! - [`scrape`] and [`figures`] read the text that `/metrics` shows; nothing is measured for the console's sake.
//! - [`history`] keeps the last five minutes and derives rates, shares and quantiles ([`quantile`]).
//! - [`charts`] says what is drawn, [`judgement`] what asks for attention, [`view`] puts it into words and paths.
//! - [`page`] is the page, whole without a script; `/console/data` is the same as JSON, which the script asks for each
//!   second. [`panel`] has the controls, behind [`same_origin`].
//!
//! # What it costs
//! A reading renders and reads the metrics' text once. While somebody looks there is one a second, however many look; while
//! nobody does, one in [`UNWATCHED`], so that who comes after an incident sees it. Memory: at most [`history::MOST`] readings
//! of a few hundred bytes.

mod chart;
mod charts;
mod drawing;
mod figures;
mod history;
mod judgement;
mod page;
mod panel;
mod parts;
mod quantile;
mod same_origin;
mod scrape;
mod view;
mod words;
mod worker_switch;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Serialize;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::health::Health;
use super::{MetricsText, page as frame};
use chart::Part;
use figures::Reading;
use history::History;
use panel::PanelView;
use parts::{PartView, phase_word};
use view::ChartView;

pub use panel::Panel;
pub use worker_switch::{WorkerState, WorkerSwitch, WorkerWanted};

/// Between two readings while somebody looks; a little less than the second after which the page asks again.
const WATCHED: Duration = Duration::from_millis(900);

/// Between two readings while nobody looks.
const UNWATCHED: Duration = Duration::from_secs(5);

/// How long what was heard of the parts is good for.
const PARTS_FRESH: Duration = Duration::from_secs(5);

/// Which program's console it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Up,
    Api,
    Worker,
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Up => "till up",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }

    const fn parts(self) -> &'static [Part] {
        match self {
            Self::Up => &[Part::Api, Part::Worker],
            Self::Api => &[Part::Api],
            Self::Worker => &[Part::Worker],
        }
    }
}

/// What a console shows.
#[derive(Debug)]
pub struct ConsoleParts {
    pub program: Program,
    pub metrics: MetricsText,
    pub health: Health,
    /// Only where things may be broken on purpose.
    pub panel: Option<Panel>,
}

/// The console of this process; clones share it.
#[derive(Debug, Clone)]
pub struct Console(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: ConsoleParts,
    elapsed: Stopwatch,
    seen: Mutex<Seen>,
    asked: tokio::sync::Mutex<Option<(Instant, Vec<PartView>)>>,
}

/// How long the console has been there.
struct Stopwatch(Box<dyn Fn() -> Duration + Send + Sync>);

impl std::fmt::Debug for Stopwatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stopwatch")
    }
}

#[derive(Debug, Default)]
struct Seen {
    history: History,
    /// Raised by one with each reading.
    sequence: u64,
}

/// Everything that the page shows of one moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    program: &'static str,
    phase: &'static str,
    sequence: u64,
    parts: Vec<PartView>,
    charts: Vec<ChartView>,
    panel: Option<PanelView>,
}

impl Console {
    pub fn new(parts: ConsoleParts) -> Self {
        let begun = Instant::now();
        Self::timed_by(parts, move || begun.elapsed())
    }

    /// The wall's clock is no use: the test clock moves it.
    fn timed_by(
        parts: ConsoleParts,
        elapsed: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let (elapsed, seen) = (Stopwatch(Box::new(elapsed)), Mutex::default());
        Self(Arc::new(Inner { parts, elapsed, seen, asked: tokio::sync::Mutex::new(None) }))
    }

    /// Takes a reading now and then, also while nobody looks, until told to stop.
    pub async fn keep_watch(self, stop: CancellationToken) {
        let mut ticks = interval(UNWATCHED);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.read_if_older_than(UNWATCHED / 2);
        }
    }

    fn read_if_older_than(&self, age: Duration) {
        let inner = &self.0;
        let Stopwatch(elapsed) = &inner.elapsed;
        let now = elapsed();
        let mut seen = inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.history.newest().is_some_and(|newest| now.saturating_sub(newest.at) < age) {
            return;
        }
        let MetricsText(render) = &inner.parts.metrics;
        seen.history.push(Reading::of(&render(), now));
        seen.sequence += 1;
    }

    async fn view(&self) -> View {
        let inner = &self.0;
        self.read_if_older_than(WATCHED);
        let parts = self.parts_heard().await;
        let panel = match &inner.parts.panel {
            Some(panel) => Some(panel.view().await),
            None => None,
        };
        let seen = inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let program = inner.parts.program;
        View {
            program: program.name(),
            phase: phase_word(inner.parts.health.phase()),
            sequence: seen.sequence,
            parts,
            charts: view::charts(&seen.history, program.parts()),
            panel,
        }
    }

    /// A part is asked less often than the page: to ask is to sign in there.
    async fn parts_heard(&self) -> Vec<PartView> {
        let mut asked = self.0.asked.lock().await;
        if let Some((at, parts)) = &*asked
            && at.elapsed() < PARTS_FRESH
        {
            return parts.clone();
        }
        let heard = self.0.parts.health.parts().await;
        let parts: Vec<PartView> = heard.into_iter().map(PartView::of).collect();
        *asked = Some((Instant::now(), parts.clone()));
        parts
    }
}

/// The pages, and the controls where there are any.
pub(super) fn routes(console: Console) -> Router {
    let controls = match &console.0.parts.panel {
        Some(panel) => panel::routes(panel.clone()),
        None => Router::new(),
    };
    Router::new()
        .route("/console", get(show))
        .route("/console/data", get(show_data))
        .with_state(console)
        .merge(page::assets())
        .merge(controls)
}

async fn show(State(console): State<Console>) -> Response {
    page::render(&console.view().await)
}

async fn show_data(State(console): State<Console>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(console.view().await)).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    use std::time::Duration;

    use super::{Console, ConsoleParts, Program, UNWATCHED};
    use crate::ops::{Health, MetricsText, Readiness};

    /// A console whose time is moved by hand, in milliseconds, and whose readings are counted.
    fn by_hand() -> (Console, Arc<AtomicU64>, Arc<AtomicUsize>) {
        let (time, rendered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let metrics = MetricsText::new({
            let rendered = Arc::clone(&rendered);
            move || {
                rendered.fetch_add(1, Ordering::Relaxed);
                String::new()
            }
        });
        let health = Health::new(Readiness::default(), Vec::new());
        let parts = ConsoleParts { program: Program::Api, metrics, health, panel: None };
        let hand = Arc::clone(&time);
        let elapsed = move || Duration::from_millis(hand.load(Ordering::Relaxed));
        (Console::timed_by(parts, elapsed), time, rendered)
    }

    #[tokio::test]
    async fn however_many_look_there_is_one_reading_a_second() {
        let (console, time, rendered) = by_hand();
        for second in 1..=3 {
            futures_util::future::join_all((0..50).map(|_| console.view())).await;
            assert_eq!(rendered.load(Ordering::Relaxed), second);
            assert_eq!(console.view().await.sequence, u64::try_from(second).unwrap());
            time.fetch_add(1_000, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn while_somebody_looks_nothing_is_read_besides() {
        let (console, time, rendered) = by_hand();
        let view = console.view().await;
        assert_eq!((view.sequence, view.program), (1, "api"));
        console.read_if_older_than(UNWATCHED / 2);
        assert_eq!(rendered.load(Ordering::Relaxed), 1);
        time.fetch_add(5_000, Ordering::Relaxed);
        console.read_if_older_than(UNWATCHED / 2);
        assert_eq!(rendered.load(Ordering::Relaxed), 2);
    }
}
