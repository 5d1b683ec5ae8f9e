//! Turns a panic of a handler into a 500, so that it costs one request and not the connection.

use std::any::Any;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::around::{Around, Inner};
use crate::api::problem::{Problem, ProblemCode};

/// What a handler said as it panicked; for the log alone.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked: {0}")]
struct HandlerPanic(String);

#[derive(Debug, Clone)]
pub(super) struct CatchPanic;

impl Around for CatchPanic {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        // The request is gone after a panic; what requests share is shared by locks that know poisoning, or by none.
        // A handler runs as its answer is awaited, not as it is begun.
        let answer = AssertUnwindSafe(inner.begin(request)).catch_unwind();
        async {
            match answer.await {
                Ok(response) => response,
                Err(payload) => {
                    let cause: Arc<dyn Error + Send + Sync> =
                        Arc::new(HandlerPanic(words(&*payload)));
                    Problem::new(ProblemCode::InternalError).caused_by(cause).into_response()
                }
            }
        }
    }
}

fn words(payload: &(dyn Any + Send)) -> String {
    let fixed = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    fixed.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".into())
}
