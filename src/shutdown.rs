//! Orderly stop: one signal, a bounded time to finish, and the order in which parts close; it closes nothing itself.
//!
//! 1. SIGTERM or SIGINT (or [`Shutdown::ask`]): readiness goes first, then a pause ([`Bounds::delay`]) in which
//!    connections are still taken, so that balancers have time to look elsewhere.
//! 2. Listeners stop accepting; what runs is finished: open connections, then the tasks that must not be cut
//!    off (payments between their two transactions).
//! 3. Background loops are told to stop; they finish or give back what they hold.
//! 4. The caller closes its pools.
//!
//! Steps 2 and 3 together take at most [`Bounds::grace`], of which a fifth is kept for step 3. A second signal
//! ends the process at once.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long stopping may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Time between not being ready and no longer accepting.
    pub delay: Duration,
    /// Longest time to finish after that.
    pub grace: Duration,
}

/// The stop of one process, shared by all of its parts.
#[derive(Debug, Clone)]
pub struct Shutdown {
    bounds: Bounds,
    asked: CancellationToken,
    accepting: CancellationToken,
    background: CancellationToken,
    connections: TaskTracker,
    vital: TaskTracker,
    loops: TaskTracker,
}

/// How the process stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Stopped {
    /// Everything was finished.
    Clean,
    /// The time was up; so many tasks were cut off.
    CutOff {
        /// Connections with a request under way.
        connections: usize,
        /// Tasks that must not be abandoned; their leases let others take them over.
        vital: usize,
        /// Background loops.
        background: usize,
    },
}

impl Shutdown {
    /// A process that runs until it is asked to stop.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            asked: CancellationToken::new(),
            accepting: CancellationToken::new(),
            background: CancellationToken::new(),
            connections: TaskTracker::new(),
            vital: TaskTracker::new(),
            loops: TaskTracker::new(),
        }
    }

    /// Asks the process to stop; asking twice changes nothing.
    pub fn ask(&self) {
        self.asked.cancel();
    }

    /// Cancelled as soon as the process is asked to stop.
    #[must_use]
    pub fn asked(&self) -> CancellationToken {
        self.asked.clone()
    }

    /// Cancelled when listeners stop accepting.
    #[must_use]
    pub fn stop_accepting(&self) -> CancellationToken {
        self.accepting.clone()
    }

    /// Cancelled when background loops stop.
    #[must_use]
    pub fn stop_background(&self) -> CancellationToken {
        self.background.clone()
    }

    /// For accept loops and connections.
    #[must_use]
    pub fn connections(&self) -> &TaskTracker {
        &self.connections
    }

    /// For tasks that must not be abandoned half-way, such as payments.
    #[must_use]
    pub fn vital(&self) -> &TaskTracker {
        &self.vital
    }

    /// For background loops, which watch [`Shutdown::stop_background`].
    #[must_use]
    pub fn background(&self) -> &TaskTracker {
        &self.loops
    }

    /// From now on SIGTERM and SIGINT ask for the stop, and a second one ends the process.
    ///
    /// # Errors
    /// The system hands out no signals.
    pub fn watch_signals(&self) -> io::Result<()> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(watch(self.clone(), terminate, interrupt));
        Ok(())
    }

    /// Waits until a stop is asked for, then goes through the steps; afterwards the caller closes its pools.
    /// `not_ready` is called first.
    pub async fn run(&self, not_ready: impl FnOnce()) -> Stopped {
        self.asked.cancelled().await;
        not_ready();
        tracing::info!(grace = ?self.bounds.grace, "stopping: no longer ready");
        tokio::time::sleep(self.bounds.delay).await;
        self.accepting.cancel();
        let begun = Instant::now();
        let drained_by = begun + self.bounds.grace.mul_f32(0.8);
        let connections = finish(&self.connections, drained_by).await;
        let vital = finish(&self.vital, drained_by).await;
        self.background.cancel();
        let background = finish(&self.loops, begun + self.bounds.grace).await;
        if (connections, vital, background) == (0, 0, 0) {
            tracing::info!("stopped");
            return Stopped::Clean;
        }
        tracing::warn!(
            connections,
            vital,
            background,
            "stopped with work cut off: the time was up"
        );
        Stopped::CutOff { connections, vital, background }
    }
}

/// Waits for the tracker's tasks; says how many are left when the time is up.
async fn finish(tasks: &TaskTracker, deadline: Instant) -> usize {
    tasks.close();
    match timeout_at(deadline, tasks.wait()).await {
        Ok(()) => 0,
        Err(_elapsed) => tasks.len(),
    }
}

async fn watch(shutdown: Shutdown, mut terminate: Signal, mut interrupt: Signal) {
    let first = next(&mut terminate, &mut interrupt).await;
    tracing::info!(signal = first.name, "asked to stop; a second signal ends the process at once");
    shutdown.ask();
    let second = next(&mut terminate, &mut interrupt).await;
    end_at_once(second);
}

#[derive(Clone, Copy)]
struct Received {
    name: &'static str,
    number: i32,
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> Received {
    tokio::select! {
        _ = terminate.recv() => Received { name: "SIGTERM", number: 15 },
        _ = interrupt.recv() => Received { name: "SIGINT", number: 2 },
    }
}

#[expect(clippy::exit, reason = "whoever asks twice wants no orderly end")]
#[expect(clippy::print_stderr, reason = "the log's own thread gets no time to write any more")]
fn end_at_once(signal: Received) {
    eprintln!("till: second {}: ended at once, work may be cut off", signal.name);
    std::process::exit(128 + signal.number);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::{Bounds, Shutdown, Stopped};

    fn bounds(grace: Duration) -> Bounds {
        Bounds { delay: Duration::ZERO, grace }
    }

    #[tokio::test]
    async fn parts_stop_in_their_order() {
        let shutdown = Shutdown::new(bounds(Duration::from_secs(60)));
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |what: &'static str| {
            let order = order.clone();
            move || order.lock().expect("not poisoned").push(what)
        };
        let (connection, payment, relay) = (note("connection"), note("payment"), note("relay"));
        let (accepting, background) = (shutdown.stop_accepting(), shutdown.stop_background());
        let vital = shutdown.vital().clone();
        shutdown.connections().spawn(async move {
            accepting.cancelled().await;
            // A request that is still answered may begin a payment.
            vital.spawn(async move { payment() });
            connection();
        });
        shutdown.background().spawn(async move {
            background.cancelled().await;
            relay();
        });
        shutdown.ask();
        assert_eq!(shutdown.run(note("not ready")).await, Stopped::Clean);
        let order = order.lock().expect("not poisoned").clone();
        assert_eq!(order.first(), Some(&"not ready"));
        assert_eq!(order.last(), Some(&"relay"));
        assert_eq!(order.len(), 4);
    }

    #[tokio::test]
    async fn what_does_not_finish_in_time_is_cut_off_and_counted() {
        let shutdown = Shutdown::new(bounds(Duration::from_millis(20)));
        shutdown.connections().spawn(std::future::pending::<()>());
        shutdown.vital().spawn(std::future::pending::<()>());
        shutdown.ask();
        let expected = Stopped::CutOff { connections: 1, vital: 1, background: 0 };
        assert_eq!(shutdown.run(|| ()).await, expected);
    }
}
