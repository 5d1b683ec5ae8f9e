//! Turns a panic of a handler into a 500, so that it costs one request and not the connection.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
        let begun = catch_unwind(AssertUnwindSafe(|| inner.begin(request)));
        async {
            let answer = match begun {
                Ok(answer) => AssertUnwindSafe(answer).catch_unwind().await,
                Err(payload) => Err(payload),
            };
            answer.unwrap_or_else(|payload| refusal(&*payload))
        }
    }
}

fn refusal(payload: &(dyn Any + Send)) -> Response {
    let cause: Arc<dyn Error + Send + Sync> = Arc::new(HandlerPanic(words(payload)));
    Problem::new(ProblemCode::InternalError).caused_by(cause).into_response()
}

fn words(payload: &(dyn Any + Send)) -> String {
    let fixed = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    fixed.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".into())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};

    use axum::extract::Request;
    use axum::response::Response;
    use tower::{Layer, Service, service_fn};

    use super::CatchPanic;
    use crate::api::middleware::around::around;

    async fn status_of<S>(handler: S) -> u16
    where
        S: Service<Request, Response = Response, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        let mut caught = around(CatchPanic).layer(handler);
        caught.call(Request::default()).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn a_panic_is_a_500_whether_it_comes_as_an_answer_is_begun_or_as_it_is_awaited() {
        let as_begun = |_: Request| -> Ready<Result<Response, Infallible>> { panic!("begun") };
        let as_awaited = |_: Request| async { panic!("awaited") };
        let never = |_: Request| ready(Ok(Response::default()));
        assert_eq!(status_of(service_fn(as_begun)).await, 500);
        assert_eq!(status_of(service_fn(as_awaited)).await, 500);
        assert_eq!(status_of(service_fn(never)).await, 200);
    }
}
