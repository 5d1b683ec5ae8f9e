//! What the process stands on and does, in words; it asks nobody.

use serde::Serialize;

use crate::ops::health::{PartState, Phase};

/// Something that the process stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PartView {
    pub name: &'static str,
    pub state: PartState,
    pub word: &'static str,
}

impl PartView {
    pub(super) fn of((name, state): (&'static str, PartState)) -> Self {
        let word = match state {
            PartState::Up => "up",
            PartState::Degraded => "away, goes on without",
            PartState::Down => "down",
        };
        Self { name, state, word }
    }

    /// As the page calls it.
    pub(super) fn title(&self) -> String {
        self.name.replace('_', " ")
    }

    /// As the page's classes call it.
    pub(super) const fn state_name(&self) -> &'static str {
        match self.state {
            PartState::Up => "up",
            PartState::Degraded => "degraded",
            PartState::Down => "down",
        }
    }
}

/// What the process does.
pub(super) const fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Draining => "about to end",
    }
}
