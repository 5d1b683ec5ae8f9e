//! Runs a worker by a switch: while it is to rest nothing is consumed, and what waits is still measured; only `till up` has one.

use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ops::{WorkerState, WorkerSwitch, WorkerWanted};
use crate::worker::Worker;

/// Works and rests as the switch says, until told to stop; returns when everything that was begun is finished.
pub async fn follow(worker: Worker, switch: WorkerSwitch, stop: CancellationToken) {
    let mut wanted = switch.wanted();
    while !stop.is_cancelled() {
        let working = Spell::begin(&stop, |tasks, end| worker.spawn(tasks, end));
        switch.show(WorkerState::Working);
        until(WorkerWanted::Rest, &mut wanted, &stop).await;
        switch.show(WorkerState::Stopping);
        working.end().await;
        if stop.is_cancelled() {
            return;
        }
        switch.show(WorkerState::Resting);
        let measuring = Spell::begin(&stop, |tasks, end| worker.spawn_measuring(tasks, end));
        until(WorkerWanted::Work, &mut wanted, &stop).await;
        measuring.end().await;
    }
}

async fn until(what: WorkerWanted, wanted: &mut Receiver<WorkerWanted>, stop: &CancellationToken) {
    // The switch lives as long as its follower.
    let _turned = stop.run_until_cancelled(wanted.wait_for(|now| *now == what)).await;
}

/// Tasks that end together.
struct Spell {
    tasks: TaskTracker,
    end: CancellationToken,
}

impl Spell {
    fn begin(
        stop: &CancellationToken,
        spawn: impl FnOnce(&TaskTracker, &CancellationToken),
    ) -> Self {
        let spell = Self { tasks: TaskTracker::new(), end: stop.child_token() };
        spawn(&spell.tasks, &spell.end);
        spell
    }

    async fn end(self) {
        self.end.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
