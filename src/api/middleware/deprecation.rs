//! Tells who calls something that is on its way out, whatever becomes of the call; it counts and refuses nothing.

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use futures_util::future::Either;

use super::around::{Around, Inner};
use crate::api::versions::{policy, told};

/// Leaves the [`Deprecation`](policy::Deprecation) for who refuses and counts.
#[derive(Debug, Clone)]
pub(super) struct Deprecations;

impl Around for Deprecations {
    fn answer<I: Inner>(
        &self,
        mut request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let Some(deprecation) = policy::of(request.method().as_str(), route) else {
            return Either::Left(inner.begin(request));
        };
        let uri = request.uri().clone();
        request.extensions_mut().insert(deprecation);
        let answer = inner.begin(request);
        Either::Right(async move {
            let mut response = answer.await;
            told::write(deprecation, uri.path(), response.headers_mut());
            response
        })
    }
}
