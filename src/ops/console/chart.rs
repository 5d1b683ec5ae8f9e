//! What a chart is made of; which there are stands in [`super::charts`].

use super::history::{History, Law};
use super::judgement::Verdict;
use super::words::Unit;

/// Which part of the service a chart is about; a process draws those of the parts that run in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Answers requests.
    Api,
    /// Works off what the outbox and the timers hold.
    Worker,
    /// Any.
    Process,
}

/// Where on the page a chart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The four golden signals: latency, traffic, errors, saturation.
    Signals,
    Protection,
    Behind,
}

impl Section {
    pub(super) const ALL: [Self; 3] = [Self::Signals, Self::Protection, Self::Behind];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Signals => "Golden signals",
            Self::Protection => "What protects it",
            Self::Behind => "Behind the scenes",
        }
    }
}

/// A figure with its name and unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub name: &'static str,
    pub unit: Unit,
    pub law: Law,
}

/// A chart.
#[derive(Clone, Copy)]
pub(super) struct Chart {
    /// In the page and in `/console/data`.
    pub id: &'static str,
    pub title: &'static str,
    /// A sentence for somebody who sees it for the first time.
    pub about: &'static str,
    pub part: Part,
    pub section: Section,
    /// What stands large above it.
    pub headline: Shown,
    /// Of one unit, which is the scale's.
    pub lines: &'static [Shown],
    /// The scale reaches at least so far.
    pub least: f64,
    /// Figures that stand beside it and are not drawn.
    pub beside: &'static [Shown],
    pub judge: fn(&History) -> Verdict,
}

impl std::fmt::Debug for Chart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chart").field("id", &self.id).finish_non_exhaustive()
    }
}
