//! How many connections a listener has, for `/metrics`; it opens and closes none.

use metrics::{Counter, Gauge, counter, gauge};

/// The metrics of one listener.
pub(super) struct Connections {
    open: Gauge,
    taken: Counter,
}

impl Connections {
    /// Of the listener of this name, which takes `most` at a time.
    pub(super) fn of(listener: &'static str, most: u32) -> Self {
        gauge!("http_server_connections_max", "listener" => listener).set(f64::from(most));
        let open = gauge!("http_server_open_connections", "listener" => listener);
        open.set(0.0);
        let taken = counter!("http_server_connections_total", "listener" => listener);
        taken.increment(0);
        Self { open, taken }
    }

    /// One more, until what is returned is dropped.
    pub(super) fn begin(&self) -> Open {
        self.taken.increment(1);
        self.open.increment(1.0);
        Open(self.open.clone())
    }
}

/// An open connection.
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
