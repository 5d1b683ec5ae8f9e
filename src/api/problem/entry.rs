//! What the catalogue says about a code, and how a code is looked up and shown; the texts stand in `catalogue`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ProblemCode;

/// What a client may do with the very same request after this problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not as it stands: the request itself, or what it refers to, must change first.
    AfterChange,
    /// Yes, after the seconds that `Retry-After` names.
    AfterWaiting,
    /// Yes, with a fresh access token.
    AfterSignIn,
}

impl Retry {
    /// The advice in one sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AfterChange => "Don't repeat the request unchanged: it will be refused again.",
            Self::AfterWaiting => {
                "Repeat the same request after the seconds in Retry-After, with the same Idempotency-Key."
            }
            Self::AfterSignIn => "Repeat the same request with a fresh access token.",
        }
    }
}

/// What the catalogue says about one code.
#[derive(Debug)]
pub struct Entry {
    /// The stable name a program switches on, `snake_case`.
    pub code: &'static str,
    pub status: StatusCode,
    pub retry: Retry,
    /// The same for every occurrence (RFC 9457 §3.1.3).
    pub title: &'static str,
    /// What the answer means.
    pub meaning: &'static str,
    /// Why it usually happens.
    pub cause: &'static str,
    /// What the client should do.
    pub remedy: &'static str,
    /// A believable `detail`, for examples.
    pub detail: &'static str,
}

impl ProblemCode {
    pub const fn as_str(self) -> &'static str {
        self.entry().code
    }

    pub const fn status(self) -> StatusCode {
        self.entry().status
    }

    /// Where `type` points to, relative to the service's own address.
    pub fn type_uri(self) -> String {
        format!("/docs/errors/{}", self.as_str())
    }

    /// The code of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// What a generic status from below (router, extractor) is called; `None` where no code fits.
    pub fn for_status(status: StatusCode) -> Option<Self> {
        Some(match status {
            StatusCode::BAD_REQUEST => Self::MalformedRequest,
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => Self::NotAcceptable,
            StatusCode::PRECONDITION_FAILED => Self::PreconditionFailed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::URI_TOO_LONG => Self::UriTooLong,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::ValidationFailed,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Self::HeadersTooLarge,
            StatusCode::INTERNAL_SERVER_ERROR => Self::InternalError,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overloaded,
            _ => return None,
        })
    }

    /// A body as a client would see it, for documents.
    pub fn example(self) -> Value {
        let entry = self.entry();
        let mut body = json!({
            "type": self.type_uri(),
            "title": entry.title,
            "status": entry.status.as_u16(),
            "code": entry.code,
            "detail": entry.detail,
            "instance": "/v1/orders",
            "requestId": "0199f2b4-6f3a-7c52-9d0e-3a1f6f0c2b11",
        });
        if let (Some(errors), Some(members)) = (self.example_errors(), body.as_object_mut()) {
            members.insert("errors".to_owned(), errors);
        }
        body
    }

    fn example_errors(self) -> Option<Value> {
        match self {
            Self::ValidationFailed => Some(json!([
                { "pointer": "/items/0/quantity", "code": "out_of_range", "detail": "must be between 1 and 1000" },
                { "pointer": "/items/1/productId", "code": "required", "detail": "is required" },
            ])),
            Self::UnknownField => Some(json!([
                { "pointer": "/quantty", "code": "unknown_field", "detail": "is not a member of this request" },
            ])),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::StatusCode;

    use super::ProblemCode;

    #[test]
    fn every_code_is_an_error_with_a_name_of_its_own_and_complete_texts() {
        let mut names = BTreeSet::new();
        for code in ProblemCode::ALL.iter().copied() {
            let entry = code.entry();
            assert!(names.insert(entry.code), "{} stands twice", entry.code);
            assert!(entry.code.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            assert!(entry.status.is_client_error() || entry.status.is_server_error());
            for text in [entry.meaning, entry.cause, entry.remedy, entry.detail] {
                assert!(text.ends_with('.'), "{}: {text}", entry.code);
            }
            assert_eq!(ProblemCode::from_name(entry.code), Some(code));
        }
    }

    #[test]
    fn a_generic_status_is_named_by_a_code_of_that_status() {
        for number in 400..600 {
            let status = StatusCode::from_u16(number).unwrap();
            if let Some(code) = ProblemCode::for_status(status) {
                assert_eq!(code.status(), status);
            }
        }
    }
}
