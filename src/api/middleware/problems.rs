//! Gives every error its final form (RFC 9457) and logs the cause of a server error, once; it judges no request.

use std::error::Error;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tracing::{error, warn};

use super::around::{Around, Inner};
use super::request_id::RequestId;
use super::{load_shed, url_limit};
use crate::api::oauth;
use crate::api::problem::{MEDIA_TYPE, Problem, ProblemCode};

/// What a problem's text may name that only the edge knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Longest request body in bytes.
    pub body_limit: usize,
}

impl Around for Bounds {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let (bounds, method, uri) = (*self, request.method().clone(), request.uri().clone());
        let request_id = request.extensions().get::<RequestId>().cloned();
        let answer = inner.begin(request);
        async move { finish(answer.await, bounds, &method, &uri, request_id.as_ref()) }
    }
}

fn finish(
    mut response: Response,
    bounds: Bounds,
    method: &Method,
    uri: &Uri,
    request_id: Option<&RequestId>,
) -> Response {
    let instance = url_limit::shown_path(uri);
    let problem = match response.extensions_mut().remove::<Problem>() {
        // Pages have words of their own for what failed; its cause is logged here all the same.
        Some(problem) if is_page(&response) => {
            log(&problem);
            return response;
        }
        Some(problem) => measured(problem, bounds),
        None if is_foreign(&response, instance) => {
            let problem = named(response.status(), method, bounds);
            response = with_headers_of(&problem, &response);
            problem
        }
        None => return response,
    };
    // What is shed is told by whoever sheds, a line a second.
    if !load_shed::was_shed(&response) {
        log(&problem);
    }
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    if oauth::edge::tells(instance) {
        oauth::edge::write(instance, &problem, &mut response);
        return response;
    }
    headers.insert(CONTENT_TYPE, MEDIA_TYPE);
    let request_id = request_id.map_or("", |RequestId(id)| &**id);
    *response.body_mut() = Body::from(problem.body(instance, request_id));
    response
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// An error in a form of its own: the router's, an extractor's or a layer's. Pages for people stay pages, and
/// `/oauth` answers by RFC 6749 §5.2.
fn is_foreign(response: &Response, path: &str) -> bool {
    let status = response.status();
    let own_form = |kind: &[u8]| {
        kind.starts_with(MEDIA_TYPE.as_bytes())
            || kind.starts_with(b"text/html")
            || (path.starts_with("/oauth/") && kind.starts_with(b"application/json"))
    };
    (status.is_client_error() || status.is_server_error())
        && !response.headers().get(CONTENT_TYPE).is_some_and(|kind| own_form(kind.as_bytes()))
}

/// The problem of a bare status. A framework's own words are not shown: they name types and crates.
fn named(status: StatusCode, method: &Method, bounds: Bounds) -> Problem {
    let general = if status.is_server_error() {
        ProblemCode::InternalError
    } else {
        ProblemCode::MalformedRequest
    };
    let code = ProblemCode::for_status(status).unwrap_or(general);
    let problem = Problem::new(code);
    match code {
        ProblemCode::NotFound => problem.detail("There is nothing at this address."),
        ProblemCode::MethodNotAllowed => {
            problem.detail(format!("This address does not answer {method}."))
        }
        _ => measured(problem, bounds),
    }
}

/// Says how large a body may be; a route with a bound of its own has said so itself.
fn measured(problem: Problem, bounds: Bounds) -> Problem {
    if problem.code() == ProblemCode::PayloadTooLarge {
        return problem
            .detail_if_none(format!("The body may have at most {} bytes.", bounds.body_limit));
    }
    problem
}

/// The problem's head, with what the first answer said beside its body, such as `Allow`.
fn with_headers_of(problem: &Problem, first: &Response) -> Response {
    let mut response = problem.clone().into_response();
    response.extensions_mut().remove::<Problem>();
    let mut headers: HeaderMap = first.headers().clone();
    headers.remove(CONTENT_ENCODING);
    for (name, value) in response.headers() {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    *response.headers_mut() = headers;
    response
}

fn log(problem: &Problem) {
    let status = problem.code().status();
    if !status.is_server_error() {
        return;
    }
    let code = problem.code().as_str();
    let cause = problem.cause().map_or_else(|| "none given".to_owned(), |cause| chain(cause));
    // A 503 passes by itself; a 500 is a defect that somebody must look at.
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        error!(code, cause, "request failed");
    } else {
        warn!(code, cause, "request refused for want of a part");
    }
}

/// An error and what it came from, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let part = error.to_string();
        // Some errors repeat their source in their own text.
        if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        source = error.source();
    }
    text
}
