//! Refuses a request of HTTP/1.1 that does not say, once, for whom it is (RFC 9112 §3.2): a proxy in front of us may have
//! read another name out of it than we would.

use std::future::ready;

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Version};
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;

use super::around::{Around, Inner};
use crate::api::problem::{Problem, ProblemCode};

#[derive(Debug, Clone)]
pub(super) struct OneHost;

impl Around for OneHost {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        if has_one(&request) {
            return Either::Left(inner.begin(request));
        }
        let problem = Problem::new(ProblemCode::MalformedRequest).detail(
            "A request of HTTP/1.1 must have one Host field with a host and, at most, a port.",
        );
        Either::Right(ready(problem.into_response()))
    }
}

/// HTTP/1.0 has no such rule, and HTTP/2 says it in `:authority`.
fn has_one(request: &Request) -> bool {
    if request.version() != Version::HTTP_11 {
        return true;
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    matches!((hosts.next(), hosts.next()), (Some(host), None) if is_host(host))
}

/// It may be empty: not every address has a host (RFC 9110 §7.2).
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_empty() || (!bytes.contains(&b'@') && Authority::try_from(bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::Version;

    use super::has_one;

    fn accepted(version: Version, hosts: &[&str]) -> bool {
        let request = Request::builder().version(version);
        let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
        has_one(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn a_request_of_http_1_1_names_one_host() {
        for host in ["till", "till.example:8080", "192.0.2.1", "[2001:db8::1]:443", ""] {
            assert!(accepted(Version::HTTP_11, &[host]), "{host}");
        }
        for host in ["a b", "user@till", "till/path", "[::1", "till:1:2"] {
            assert!(!accepted(Version::HTTP_11, &[host]), "{host}");
        }
        assert!(!accepted(Version::HTTP_11, &[]));
        assert!(!accepted(Version::HTTP_11, &["till", "till"]));
        for version in [Version::HTTP_10, Version::HTTP_2] {
            assert!(accepted(version, &[]));
        }
    }
}
