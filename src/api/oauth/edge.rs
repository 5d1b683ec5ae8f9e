//! What the edge refuses below `/oauth`, said as it is read there: to programs by RFC 6749 §5.2, to people as a page; it refuses
//! nothing itself.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::authorize;
use crate::api::problem::Problem;

/// What browsers ask for.
const PAGES: [&str; 3] = ["/oauth/authorize", "/oauth/sign-in", "/oauth/sign-out"];

/// Whether it is told here how a request to this path was refused.
pub fn tells(path: &str) -> bool {
    path.starts_with("/oauth/")
}

/// Gives the refusal its body and the headers that go with it; status and other headers stay.
pub fn write(path: &str, problem: &Problem, response: &mut Response) {
    if PAGES.contains(&path) {
        let (page, body) = authorize::edge_page(problem).into_parts();
        response.headers_mut().extend(page.headers);
        *response.body_mut() = body;
        return;
    }
    let status = problem.code().status();
    let error = match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            "temporarily_unavailable"
        }
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    };
    let body = json!({ "error": error, "error_description": plain(&problem.words()) });
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(body.to_string());
}

/// In the letters that an `error_description` may have (RFC 6749 §5.2).
fn plain(words: &str) -> String {
    let allowed = |letter: char| matches!(letter, ' ' | '!' | '#'..='[' | ']'..='~');
    words.chars().map(|letter| if allowed(letter) { letter } else { '\'' }).collect()
}
