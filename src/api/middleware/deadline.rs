//! Gives up on a request at its deadline; work that must not stop half-way runs in a task of its own.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::around::{Around, Inner};
use crate::api::problem::{Problem, ProblemCode};

/// How long requests may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub all: Duration,
    /// By route, where it is longer.
    pub routes: &'static [(&'static str, Duration)],
}

impl Deadlines {
    fn of(&self, request: &Request) -> Duration {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let own = self.routes.iter().find(|(path, _)| Some(*path) == route);
        own.map_or(self.all, |(_, longer)| self.all.max(*longer))
    }
}

/// Covers the reading of the body too, since extractors run within.
impl Around for Deadlines {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let deadline = self.of(&request);
        let answer = timeout(deadline, inner.begin(request));
        async move {
            match answer.await {
                Ok(response) => response,
                Err(_elapsed) => {
                    let detail = format!("The request did not finish within {deadline:?}.");
                    Problem::new(ProblemCode::RequestTimeout).detail(detail).into_response()
                }
            }
        }
    }
}
