//! Refuses addresses that are longer than any we hand out, before anything copies or logs them.

use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::problem::{Problem, ProblemCode};

/// The most bytes that path and query may have together.
pub const MAX_URL: usize = 8 * 1024;

pub(super) async fn layer(request: Request, next: Next) -> Response {
    if fits(request.uri()) {
        return next.run(request).await;
    }
    let detail = format!("Path and query may have at most {MAX_URL} bytes.");
    Problem::new(ProblemCode::UriTooLong).detail(detail).into_response()
}

/// The path as it may be logged and echoed: `/` for one that is refused for its length.
pub(super) fn shown_path(uri: &Uri) -> &str {
    if fits(uri) { uri.path() } else { "/" }
}

fn fits(uri: &Uri) -> bool {
    uri.path_and_query().is_none_or(|address| address.as_str().len() <= MAX_URL)
}
