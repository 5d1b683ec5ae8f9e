//! What goes on upon one connection: since when nobody is being answered on it, and since when nobody takes an answer; it
//! reads and closes nothing.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

/// The requests of one connection that are being answered, on either version of HTTP.
#[derive(Debug, Clone)]
pub(super) struct Traffic(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// Requests whose answer is not made, or not handed over as a whole.
    open: usize,
    /// Of those, the ones whose answer is not made yet.
    at_work: usize,
    /// Since when there are none.
    quiet_since: Instant,
    /// When a part of an answer was last taken, or an answer made.
    moved_at: Instant,
    asked: bool,
    interrupted: bool,
}

impl Traffic {
    /// A connection that was asked nothing yet.
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(State {
            open: 0,
            at_work: 0,
            quiet_since: now,
            moved_at: now,
            asked: false,
            interrupted: false,
        })))
    }

    /// Since when nobody is being answered; `None` while somebody is.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        self.with(|state| (state.open == 0).then_some(state.quiet_since))
    }

    /// Since when no part of an answer was taken, where all that is open are answers that wait to be.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        self.with(|state| (state.open > 0 && state.at_work == 0).then_some(state.moved_at))
    }

    /// Whether there was a request at all.
    pub(super) fn asked(&self) -> bool {
        self.with(|state| state.asked)
    }

    /// A body was not read to its end; its peer may be sending it, or all of it may have come.
    pub(super) fn interrupt(&self) {
        self.with(|state| state.interrupted = true);
    }

    pub(super) fn was_interrupted(&self) -> bool {
        self.with(|state| state.interrupted)
    }

    /// A request has come; it is open until what is returned is dropped.
    pub(super) fn begin(&self) -> Open {
        self.with(|state| {
            state.open += 1;
            state.at_work += 1;
            state.asked = true;
            // What came before was heard to its end, or this would not have been.
            state.interrupted = false;
        });
        Open { traffic: self.clone(), at_work: true }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        // Nobody panics with the lock held.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct Open {
    traffic: Traffic,
    at_work: bool,
}

impl Open {
    /// The body of the answer; the request stays open until the connection has taken all of it, or gave it up.
    pub(super) fn until_taken(mut self, body: Body) -> Body {
        self.made();
        Body::new(Answer { body, open: self })
    }

    fn made(&mut self) {
        let (was_at_work, now) = (std::mem::take(&mut self.at_work), Instant::now());
        self.traffic.with(|state| {
            state.at_work -= usize::from(was_at_work);
            state.moved_at = now;
        });
    }

    fn moved(&self) {
        let now = Instant::now();
        self.traffic.with(|state| state.moved_at = now);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let now = Instant::now();
        self.traffic.with(|state| {
            state.at_work -= usize::from(self.at_work);
            state.open -= 1;
            state.moved_at = now;
            state.quiet_since = now;
        });
    }
}

struct Answer {
    body: Body,
    open: Open,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        // Whoever has taken the last part drops this at once, which says the same.
        if polled.is_ready() && !self.body.is_end_stream() {
            self.open.moved();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
