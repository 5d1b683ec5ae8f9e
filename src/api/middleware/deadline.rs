//! Gives up on a request at its deadline; work that must not stop half-way runs in a task of its own.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::api::problem::{Problem, ProblemCode};

/// Covers the reading of the body too, since extractors run within.
pub(super) async fn layer(
    State(deadline): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    match timeout(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let detail = format!("The request did not finish within {deadline:?}.");
            Problem::new(ProblemCode::RequestTimeout).detail(detail).into_response()
        }
    }
}
