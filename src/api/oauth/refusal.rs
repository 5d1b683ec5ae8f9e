//! How `/oauth` says no (RFC 6749 §5.2): JSON with a code that programs know, no problem document.

use std::error::Error;
use std::time::Duration;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::{error, warn};

use crate::api::problem::Problem;
use crate::service::StoreError;
use crate::service::oauth::OauthError;
use crate::service::transact::AsStoreError;

/// When to come back after a short trouble of ours.
const SOON: Duration = Duration::from_secs(1);

/// An error of the table in RFC 6749 §5.2, or of §4.1.2.1 where the fault is ours.
#[derive(Debug)]
pub enum Refusal {
    /// What is wrong with the request itself.
    InvalidRequest(&'static str),
    TooLarge,
    UnsupportedGrantType,
    InvalidScope,
    /// Too many wrong secrets; the edge tells it as it tells of every limit.
    Limited(Box<Problem>),
    /// By its use case, or for want of a part of ours.
    Refused(Box<OauthError>),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Limited(Box::new(problem))
    }
}

impl From<OauthError> for Refusal {
    fn from(error: OauthError) -> Self {
        Self::Refused(Box::new(error))
    }
}

#[derive(Debug, Serialize)]
struct Body {
    error: &'static str,
    error_description: &'static str,
}

fn of_use_case(error: &OauthError) -> (StatusCode, Body) {
    let bad = StatusCode::BAD_REQUEST;
    let (status, error, error_description) = match error {
        OauthError::InvalidClient => (
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "The client is not known, or did not prove that it is the one.",
        ),
        OauthError::InvalidGrant => (
            bad,
            "invalid_grant",
            "It is not valid, is over, was used, or was issued to another client or for another request.",
        ),
        OauthError::UnauthorizedClient => {
            (bad, "unauthorized_client", "The client is not registered for this.")
        }
        OauthError::InvalidScope => {
            (bad, "invalid_scope", "More is asked for than may be granted.")
        }
        OauthError::Session(_)
        | OauthError::Token(_)
        | OauthError::Keys(_)
        | OauthError::Store(_) => of_ours(error),
    };
    (status, Body { error, error_description })
}

/// A short trouble passes by itself; anything else is a defect.
fn of_ours(error: &OauthError) -> (StatusCode, &'static str, &'static str) {
    match error.as_store_error() {
        Some(StoreError::Unavailable(_) | StoreError::TooSlow(_) | StoreError::Retry(_)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            "A part is missing for the moment. Try again soon.",
        ),
        Some(StoreError::Broken(..) | StoreError::BadRow { .. } | StoreError::Unexpected(_))
        | None => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Something went wrong here."),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let bad = StatusCode::BAD_REQUEST;
        let (status, error, error_description) = match self {
            Self::InvalidRequest(what) => (bad, "invalid_request", what),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "The body is too large.")
            }
            Self::UnsupportedGrantType => {
                (bad, "unsupported_grant_type", "This grant_type is not known here.")
            }
            Self::InvalidScope => (bad, "invalid_scope", "A scope is not known here."),
            Self::Limited(problem) => return problem.into_response(),
            Self::Refused(error) => {
                let (status, body) = of_use_case(&error);
                log(status, body.error, &error);
                return written(status, body);
            }
        };
        written(status, Body { error, error_description })
    }
}

fn written(status: StatusCode, body: Body) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"till\", charset=\"UTF-8\"");
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from(SOON.as_secs()));
    }
    response
}

/// Here, since no problem passes by the edge that would tell of it.
fn log(status: StatusCode, code: &'static str, cause: &OauthError) {
    if !status.is_server_error() {
        return;
    }
    let from = cause.source().map(ToString::to_string).unwrap_or_default();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        error!(code, %cause, from, "request failed");
    } else {
        warn!(code, %cause, from, "request refused for want of a part");
    }
}
