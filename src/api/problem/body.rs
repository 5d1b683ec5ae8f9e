//! An error on its way to the client: built where it happens, rendered once by the edge, which knows path and request id.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::challenge;
use super::{FieldError, ProblemCode};
use crate::domain::Violation;

/// RFC 9457 §3.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// More refused values than these are counted, not listed.
pub const MAX_ERRORS: usize = 50;

/// The seconds a client is told to wait where nobody knows better.
const DEFAULT_RETRY: Duration = Duration::from_secs(1);

/// An answer of `application/problem+json`.
///
/// As a response it has its status and headers, and travels in the extensions until the edge's `problems` layer
/// writes the body, since only that knows the path (`instance`) and the request id.
#[derive(Debug, Clone)]
pub struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    code: ProblemCode,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    headers: HeaderMap,
    members: Map<String, Value>,
    request_id: Option<String>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    pub fn new(code: ProblemCode) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(challenge) = challenge::challenge(code) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        Self(Box::new(Content {
            code,
            detail: None,
            errors: Vec::new(),
            headers,
            members: Map::new(),
            request_id: None,
            cause: None,
        }))
    }

    /// 403 that names the scope the caller lacks (RFC 6750 §3.1).
    pub fn insufficient_scope(scope: &str) -> Self {
        Self::new(ProblemCode::InsufficientScope)
            .detail(format!("This operation needs the scope {scope}."))
            .header(header::WWW_AUTHENTICATE, challenge::insufficient_scope(scope))
    }

    /// What is particular to this occurrence; never anything internal.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same, for who knows less than whoever made the problem: only where nothing was said yet.
    #[must_use]
    pub fn detail_if_none(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail.get_or_insert_with(|| detail.into());
        self
    }

    /// A refused value of the body.
    #[must_use]
    pub fn error(self, pointer: impl Into<String>, violation: Violation) -> Self {
        self.errors([FieldError::new(pointer, violation)])
    }

    #[must_use]
    pub fn errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.0.errors.extend(errors);
        self
    }

    /// Sets a response header, in place of one of the same name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// How long to wait, rounded up to seconds.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let part = u64::from(wait.subsec_nanos() > 0);
        let seconds = wait.as_secs().saturating_add(part).max(1);
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// An extension member (RFC 9457 §3.2), such as `payment`.
    #[must_use]
    pub fn extension(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// A stored answer keeps the id of the request that first got it.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.0.request_id = Some(request_id.into());
        self
    }

    /// The failure behind it: logged once by the edge, never shown.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    pub fn code(&self) -> ProblemCode {
        self.0.code
    }

    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.0.cause.as_deref()
    }

    /// The status and headers without a body.
    fn head(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.code.status();
        *response.headers_mut() = self.0.headers.clone();
        response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
        if self.must_say_when() && !response.headers().contains_key(header::RETRY_AFTER) {
            let seconds = HeaderValue::from(DEFAULT_RETRY.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }

    fn must_say_when(&self) -> bool {
        matches!(self.0.code.status().as_u16(), 429 | 503)
            || self.0.code == ProblemCode::IdempotencyKeyInUse
    }

    /// The body, for a request of this path and id.
    pub fn body(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let entry = self.0.code.entry();
        let mut errors: Vec<&FieldError> = self.0.errors.iter().collect();
        errors.sort_by_cached_key(|error| error.sort_key());
        errors.truncate(MAX_ERRORS);
        let body = ProblemBody {
            kind: self.0.code.type_uri(),
            title: entry.title,
            status: entry.status.as_u16(),
            code: entry.code,
            detail: self.words(),
            instance,
            request_id: self.0.request_id.as_deref().unwrap_or(request_id),
            errors,
            members: &self.0.members,
        };
        // Text and numbers alone: there is nothing in it that could fail to serialise.
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// What is said to people: what is particular to this occurrence, else what the code means.
    pub fn words(&self) -> Cow<'_, str> {
        match (&self.0.detail, self.0.errors.len()) {
            (Some(detail), _) => Cow::Borrowed(detail),
            (None, 0) => Cow::Borrowed(self.0.code.entry().meaning),
            (None, 1) if self.0.code == ProblemCode::UnknownField => {
                Cow::Borrowed("1 field is not known here.")
            }
            (None, count) if self.0.code == ProblemCode::UnknownField => {
                Cow::Owned(format!("{count} fields are not known here."))
            }
            (None, 1) => Cow::Borrowed("1 field needs attention."),
            (None, count) => Cow::Owned(format!("{count} fields need attention.")),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.head();
        response.extensions_mut().insert(self);
        response
    }
}

/// The members in the order a reader looks for them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemBody<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: Cow<'a, str>,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<&'a FieldError>,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::header;
    use axum::response::IntoResponse;
    use serde_json::{Value, json};

    use super::Problem;
    use crate::api::problem::ProblemCode;
    use crate::domain::Violation;

    fn body(problem: &Problem) -> Value {
        serde_json::from_slice(&problem.body("/v1/orders", "req-1")).unwrap()
    }

    #[test]
    fn a_body_has_the_members_of_the_contract() {
        let problem = Problem::new(ProblemCode::ValidationFailed)
            .error("/items/10/quantity", Violation::new("out_of_range", "must be positive"))
            .error("/items/2/quantity", Violation::new("required", "is required"));
        assert_eq!(
            body(&problem),
            json!({
                "type": "/docs/errors/validation_failed",
                "title": "The request is not valid",
                "status": 422,
                "code": "validation_failed",
                "detail": "2 fields need attention.",
                "instance": "/v1/orders",
                "requestId": "req-1",
                "errors": [
                    { "pointer": "/items/2/quantity", "code": "required", "detail": "is required" },
                    { "pointer": "/items/10/quantity", "code": "out_of_range", "detail": "must be positive" },
                ],
            })
        );
    }

    #[test]
    fn a_replay_keeps_the_first_request_id_and_its_extension_members() {
        let problem = Problem::new(ProblemCode::CardDeclined)
            .extension("payment", json!({ "status": "failed" }))
            .with_request_id("first");
        let body = body(&problem);
        assert_eq!(body["requestId"], "first");
        assert_eq!(body["payment"]["status"], "failed");
    }

    #[test]
    fn at_most_fifty_errors_are_listed_and_all_are_counted() {
        let errors = (0..70).map(|n| {
            crate::api::problem::FieldError::new(
                format!("/{n}"),
                Violation::new("required", "is required"),
            )
        });
        let body = body(&Problem::new(ProblemCode::ValidationFailed).errors(errors));
        assert_eq!(body["errors"].as_array().unwrap().len(), 50);
        assert_eq!(body["detail"], "70 fields need attention.");
    }

    #[test]
    fn waiting_times_are_rounded_up_and_never_missing_where_they_are_due() {
        let wait = |problem: Problem| {
            let response = problem.into_response();
            response.headers().get(header::RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned())
        };
        let limited = Problem::new(ProblemCode::RateLimited);
        assert_eq!(
            wait(limited.clone().retry_after(Duration::from_millis(2001))),
            Some("3".to_owned())
        );
        assert_eq!(wait(limited), Some("1".to_owned()));
        assert_eq!(wait(Problem::new(ProblemCode::NotFound)), None);
    }

    #[test]
    fn a_401_says_how_to_authenticate_and_names_an_error_only_for_bad_credentials() {
        let challenge = |problem: Problem| {
            problem.into_response().headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned()
        };
        assert_eq!(challenge(Problem::new(ProblemCode::Unauthenticated)), "Bearer realm=\"till\"");
        assert!(
            challenge(Problem::new(ProblemCode::TokenInvalid)).contains("error=\"invalid_token\"")
        );
        assert!(
            challenge(Problem::insufficient_scope("orders:write"))
                .contains("scope=\"orders:write\"")
        );
    }
}
