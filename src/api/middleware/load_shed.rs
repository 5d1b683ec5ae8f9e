//! Refuses, under strain, what there is no place for, low before normal before critical; what is how critical stands in `priority`.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use futures_util::future::Either::{Left, Right};
use hyper::body::{Frame, SizeHint};

use super::around::{Around, Inner};
use crate::api::priority::{self, Priority};
use crate::api::problem::{Problem, ProblemCode};
use crate::domain::ambient::Ambient;
use crate::resilience::load_shed::{Asked, Bounds, LoadShed, Outside, Slot};
use crate::trace_context;

/// The seconds that a refused client is told to wait: drawn, so that not all come back at once.
const LONGEST_WAIT: u8 = 3;

/// The gate of one process.
#[derive(Debug, Clone)]
pub(super) struct Shedding {
    gate: LoadShed,
    ambient: Arc<Ambient>,
}

impl Shedding {
    pub(super) fn new(bounds: Bounds, ambient: Ambient) -> Self {
        Self { gate: LoadShed::new(bounds, priority::KINDS), ambient: Arc::new(ambient) }
    }

    fn refusal(&self) -> Response {
        let [drawn] = self.ambient.bytes::<1>();
        let wait = Duration::from_secs(u64::from(drawn % LONGEST_WAIT) + 1);
        let mut response = Problem::new(ProblemCode::Overloaded).retry_after(wait).into_response();
        response.extensions_mut().insert(Shed);
        response
    }
}

/// On an answer that was refused here: nobody else is to log it.
#[derive(Debug, Clone, Copy)]
struct Shed;

/// Whether the answer is a refusal of this layer.
pub(super) fn was_shed(response: &Response) -> bool {
    response.extensions().get::<Shed>().is_some()
}

impl Around for Shedding {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let priority = priority::of(trace_context::method_name(request.method()), route);
        let Priority::Ranked { rank, kind } = priority else {
            return Left(Left(inner.begin(request)));
        };
        match self.gate.ask(rank, kind) {
            Asked::Entered(slot) => Left(Right(admitted(slot, request, inner))),
            Asked::Queued(wait) => {
                let (shedding, mut inner) = (self.clone(), inner.take());
                Right(Left(async move {
                    match wait.over().await {
                        Ok(slot) => admitted(slot, request, &mut inner).await,
                        Err(_refused) => shedding.refusal(),
                    }
                }))
            }
            Asked::Refused(_) => Right(Right(ready(self.refusal()))),
        }
    }
}

fn admitted<I: Inner>(
    slot: Slot,
    request: Request,
    inner: &mut I,
) -> impl Future<Output = Response> + Send + 'static + use<I> {
    let request = if request.body().is_end_stream() {
        request
    } else {
        request.map(|body| Body::new(Awaited { body, slot: slot.clone(), outside: None }))
    };
    let answer = inner.begin(request);
    async move {
        let response = slot.hold(answer).await;
        // A refusal is quick and a failure may be slow for any reason: neither tells how long the work takes.
        if response.status().is_success() {
            slot.worked();
        }
        response
    }
}

/// A request's body; while its sender lets us wait for it, the request has no place.
struct Awaited {
    body: Body,
    slot: Slot,
    outside: Option<Outside>,
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.outside = None;
        } else if self.outside.is_none() {
            self.outside = Some(self.slot.step_outside());
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
