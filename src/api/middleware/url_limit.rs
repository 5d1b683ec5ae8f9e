//! Refuses addresses that are longer than any we hand out, before anything copies or logs them.

use axum::extract::Request;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use std::future::ready;

use super::around::{Around, Inner};
use crate::api::problem::{Problem, ProblemCode};

/// The most bytes that path and query may have together.
pub const MAX_URL: usize = 8 * 1024;

#[derive(Debug, Clone)]
pub(super) struct UrlLimit;

impl Around for UrlLimit {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        if fits(request.uri()) {
            return Either::Left(inner.begin(request));
        }
        let detail = format!("Path and query may have at most {MAX_URL} bytes.");
        let problem = Problem::new(ProblemCode::UriTooLong).detail(detail);
        Either::Right(ready(problem.into_response()))
    }
}

/// The path as it may be logged and echoed: `/` for one that is refused for its length.
pub(super) fn shown_path(uri: &Uri) -> &str {
    if fits(uri) { uri.path() } else { "/" }
}

fn fits(uri: &Uri) -> bool {
    uri.path_and_query().is_none_or(|address| address.as_str().len() <= MAX_URL)
}
