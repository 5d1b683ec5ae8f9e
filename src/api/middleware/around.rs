//! How a layer is written here: one function around the rest of the way, which it calls in place; it knows no layer.
//!
//! `axum::middleware::from_fn` hands each layer a copy of all that lies further in, in a box: with a dozen layers that was
//! the dearest part of a short answer. Here a layer borrows what lies within and begins it, and its future is the one box.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use tower::{Layer, Service};

/// What lies within a layer.
pub(super) trait Inner: Clone + Send + Sync + 'static {
    /// Begins to answer.
    fn begin(
        &mut self,
        request: Request,
    ) -> impl Future<Output = Response> + Send + 'static + use<Self>;

    /// What was asked whether it is ready, for who must wait before they begin; a copy that was not stays behind.
    fn take(&mut self) -> Self {
        let copy = self.clone();
        std::mem::replace(self, copy)
    }
}

impl<S> Inner for S
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    fn begin(
        &mut self,
        request: Request,
    ) -> impl Future<Output = Response> + Send + 'static + use<S> {
        self.call(request).map(|answer| match answer {
            Ok(response) => response,
            Err(never) => match never {},
        })
    }
}

/// One layer.
pub(super) trait Around: Clone + Send + Sync + 'static {
    /// Answers, as a rule by `inner`: what stands before its beginning is done on the way in, what stands after its answer
    /// on the way out. Who must wait before they begin it takes it with them ([`Inner::take`]).
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<Self, I>;
}

/// The layer as `tower` wants it.
pub(super) fn around<A: Around>(what: A) -> AroundLayer<A> {
    AroundLayer(what)
}

#[derive(Debug, Clone)]
pub(super) struct AroundLayer<A>(A);

impl<A: Around, S> Layer<S> for AroundLayer<A> {
    type Service = Within<A, S>;

    fn layer(&self, inner: S) -> Within<A, S> {
        Within { around: self.0.clone(), inner }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Within<A, S> {
    around: A,
    inner: S,
}

impl<A: Around, S> Service<Request> for Within<A, S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let answer = self.around.answer(request, &mut self.inner);
        // An `async` block would have room for the answer twice.
        Box::pin(answer.map(Ok))
    }
}
