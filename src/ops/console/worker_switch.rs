//! The switch by which a rehearsal stops the worker and starts it again: what is wanted, and how far it is; whoever runs the
//! worker follows it.

use tokio::sync::watch;

/// What somebody wants the worker to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerWanted {
    Work,
    Rest,
}

/// What the worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    Working,
    /// It finishes what it holds, or gives it back.
    Stopping,
    /// Nothing is taken; what waits piles up.
    Resting,
}

/// Shared by whoever turns it and whoever follows it.
#[derive(Debug, Clone)]
pub struct WorkerSwitch {
    wanted: watch::Sender<WorkerWanted>,
    state: watch::Sender<WorkerState>,
}

impl Default for WorkerSwitch {
    fn default() -> Self {
        let (wanted, state) = (WorkerWanted::Work, WorkerState::Working);
        Self { wanted: watch::Sender::new(wanted), state: watch::Sender::new(state) }
    }
}

impl WorkerSwitch {
    /// Says what is wanted; it is done by and by.
    pub fn turn(&self, wanted: WorkerWanted) {
        self.wanted.send_replace(wanted);
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> WorkerState {
        *self.state.borrow()
    }

    /// For whoever follows it: what is wanted, from now on.
    #[must_use]
    pub fn wanted(&self) -> watch::Receiver<WorkerWanted> {
        self.wanted.subscribe()
    }

    /// For whoever follows it.
    pub fn show(&self, state: WorkerState) {
        self.state.send_replace(state);
    }
}
