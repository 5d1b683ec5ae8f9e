//! A request's JSON body, read strictly and decoded with pointers to whatever is wrong; knows no resource.

mod decode;
#[cfg(test)]
mod decode_tests;
mod empty;
pub(super) mod pointer;
mod strict;

use std::error::Error;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

pub(super) use decode::{Notation, decode};

pub use empty::{EmptyBody, EmptyRequest};
pub use strict::{JsonError, MAX_NODES};

use super::fields::{Fields, Parse};
use crate::api::problem::{Location, Problem, ProblemCode};
use crate::domain::Violation;

/// A decoded body. As `Option<JsonBody<T>>` the body may be empty.
#[derive(Debug)]
pub struct JsonBody<T> {
    pub value: T,
    /// The body by RFC 8785: equal for bodies that differ only in order, white space and escapes.
    pub canonical: Vec<u8>,
}

/// A body that became its command. As `Option<ValidJson<T>>` the body may be empty.
#[derive(Debug)]
pub struct ValidJson<T: Parse> {
    pub command: T::Command,
    /// See [`JsonBody::canonical`].
    pub canonical: Vec<u8>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_format(request.headers())?;
        read(&Bytes::from_request(request, state).await.map_err(unread)?)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let format = check_format(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        format?;
        read(&bytes).map(Some)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Parse> FromRequest<S> for ValidJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        <JsonBody<T> as FromRequest<S>>::from_request(request, state).await?.validate()
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Parse> OptionalFromRequest<S> for ValidJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let body = <JsonBody<T> as OptionalFromRequest<S>>::from_request(request, state).await?;
        body.map(JsonBody::validate).transpose()
    }
}

impl<T: Parse> JsonBody<T> {
    fn validate(self) -> Result<ValidJson<T>, Problem> {
        let mut fields = Fields::new(Location::Body);
        let command = self.value.parse(&mut fields);
        let command = fields.build(|| command)?;
        Ok(ValidJson { command, canonical: self.canonical })
    }
}

impl<T: Parse> ValidJson<T> {
    /// The command of a body that may be absent, which is the same request as one without members.
    pub fn or_empty(body: Option<Self>) -> (Option<T::Command>, Vec<u8>) {
        match body {
            Some(body) => (Some(body.command), body.canonical),
            None => (None, b"{}".to_vec()),
        }
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<JsonBody<T>, Problem> {
    let tree = strict::parse(bytes).map_err(refused)?;
    let value =
        decode(&tree, Notation::Json).map_err(|error| error.into_problem(Location::Body))?;
    let canonical = serde_json_canonicalizer::to_vec(&tree).map_err(|error| {
        let cause: Arc<dyn Error + Send + Sync> = Arc::new(error);
        Problem::new(ProblemCode::InternalError).caused_by(cause)
    })?;
    Ok(JsonBody { value, canonical })
}

/// `application/json` or `application/…+json`, not compressed (RFC 9110 §8.4: 415).
fn check_format(headers: &HeaderMap) -> Result<(), Problem> {
    let compressed = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
    if compressed {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType)
            .detail("Send the body uncompressed, without Content-Encoding."));
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if media_type.is_some_and(is_json) {
        Ok(())
    } else {
        Err(Problem::new(ProblemCode::UnsupportedMediaType)
            .detail("Send the body as application/json."))
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some(subtype) = essence.strip_prefix("application/") else { return false };
    subtype == "json" || subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty())
}

/// The body was too large, or did not arrive whole.
fn unread(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(ProblemCode::PayloadTooLarge);
    }
    let cause: Arc<dyn Error + Send + Sync> = Arc::new(rejection);
    Problem::new(ProblemCode::MalformedRequest)
        .detail("The request body ended early.")
        .caused_by(cause)
}

fn refused(error: JsonError) -> Problem {
    match error {
        JsonError::Malformed(error) => Problem::new(ProblemCode::MalformedJson)
            .detail(format!("The body is not JSON: {error}.")),
        JsonError::TooManyNodes => Problem::new(ProblemCode::ValidationFailed).error(
            "",
            Violation::new("too_many_items", format!("must have at most {MAX_NODES} values")),
        ),
        JsonError::Nul(pointers) => {
            let violation = Violation::new("invalid_character", "must not contain NUL (U+0000)");
            pointers
                .into_iter()
                .fold(Problem::new(ProblemCode::ValidationFailed), |problem, pointer| {
                    problem.error(pointer, violation.clone())
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::DefaultBodyLimit;
    use axum::http::{HeaderName, Request};
    use axum::routing::post;
    use serde::Deserialize;
    use tower::ServiceExt;

    use super::ValidJson;
    use crate::api::extract::fields::{Fields, Parse};
    use crate::api::problem::Problem;
    use crate::domain::Violation;

    #[derive(Deserialize)]
    struct Tip {
        amount: i64,
    }

    impl Parse for Tip {
        type Command = i64;

        fn parse(self, fields: &mut Fields) -> Option<i64> {
            fields.parse("/amount", self.amount, |amount| match amount {
                1.. => Ok(amount),
                _ => Err(Violation::new("out_of_range", "must be positive")),
            })
        }
    }

    async fn tip(body: ValidJson<Tip>) -> String {
        format!("{} {}", body.command, String::from_utf8(body.canonical).unwrap())
    }

    async fn cancel(body: Option<ValidJson<Tip>>) -> String {
        format!("{}", body.is_some())
    }

    /// The status, and the problem's code or the text.
    async fn send(request: Request<Body>) -> (u16, String) {
        let app = Router::new()
            .route("/tip", post(tip))
            .route("/cancel", post(cancel))
            .layer(DefaultBodyLimit::max(64));
        let response = app.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        if let Some(problem) = response.extensions().get::<Problem>() {
            return (status, problem.code().as_str().to_owned());
        }
        let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn json(path: &str, body: &str) -> Request<Body> {
        Request::post(path)
            .header("content-type", "application/json; charset=utf-8")
            .body(Body::from(body.to_owned()))
            .unwrap()
    }

    #[tokio::test]
    async fn a_body_arrives_as_command_and_canonical_form() {
        let answer = send(json("/tip", r#" { "\u0061mount" : 5 } "#)).await;
        assert_eq!(answer, (200, r#"5 {"amount":5}"#.to_owned()));
    }

    #[tokio::test]
    async fn each_fault_of_a_body_has_its_own_status_and_code() {
        let cases = [
            (r#"{"amount":5"#.to_owned(), 400, "malformed_json"),
            (r#"{"amount":5,"amount":5}"#.to_owned(), 400, "malformed_json"),
            (r#"{"amount":0}"#.to_owned(), 422, "validation_failed"),
            (r#"{"amount":5.0}"#.to_owned(), 422, "validation_failed"),
            (r#"{"amount":5,"x":"\u0000"}"#.to_owned(), 422, "validation_failed"),
            (r#"{"amount":5,"ammount":5}"#.to_owned(), 422, "unknown_field"),
            (" ".repeat(65), 413, "payload_too_large"),
        ];
        for (body, status, code) in cases {
            assert_eq!(send(json("/tip", &body)).await, (status, code.to_owned()), "{body}");
        }
    }

    #[tokio::test]
    async fn only_plain_json_is_read() {
        let sent = |name: &str, value: &str| {
            let mut request = json("/tip", r#"{"amount":5}"#);
            let name = HeaderName::try_from(name).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
            request
        };
        let refused = (415, "unsupported_media_type".to_owned());
        assert_eq!(send(sent("content-type", "text/plain")).await, refused);
        assert_eq!(send(sent("content-encoding", "gzip")).await, refused);
        assert_eq!(send(sent("content-encoding", "identity")).await.0, 200);
        assert_eq!(send(sent("content-type", "application/merge-patch+json")).await.0, 200);
        let unnamed = Request::post("/tip").body(Body::from(r#"{"amount":5}"#)).unwrap();
        assert_eq!(send(unnamed).await, refused);
    }

    #[tokio::test]
    async fn an_optional_body_may_be_empty_but_not_wrong() {
        let empty = Request::post("/cancel").body(Body::empty()).unwrap();
        assert_eq!(send(empty).await, (200, "false".to_owned()));
        assert_eq!(send(json("/cancel", r#"{"amount":5}"#)).await, (200, "true".to_owned()));
        assert_eq!(send(json("/cancel", "{")).await.0, 400);
    }
}
