//! Refuses a request that does not say, once and well, for whom it is (RFC 9112 §3.2): a proxy in front of us may have read
//! another name out of it than we would. Which name it is matters to nobody here.

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
        if is_plain(&request) {
            return Either::Left(inner.begin(request));
        }
        let problem = Problem::new(ProblemCode::MalformedRequest)
            .detail("A request must have one Host field with a host and, at most, a port.");
        Either::Right(ready(problem.into_response()))
    }
}

/// HTTP/1.0 may leave it out, and HTTP/2 says it in `:authority`; nobody may say two.
fn is_plain(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() != Version::HTTP_11,
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
    }
}

/// It may be empty: not every address has a host (RFC 9110 §7.2).
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_empty()
        || (!bytes.contains(&b'@') && Authority::try_from(bytes).is_ok_and(|host| has_port(&host)))
}

/// `http` leaves what follows the host unread.
fn has_port(authority: &Authority) -> bool {
    let rest = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    rest.is_empty()
        || rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::Version;

    use super::is_plain;

    fn accepted(version: Version, hosts: &[&str]) -> bool {
        let request = Request::builder().version(version);
        let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
        is_plain(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn a_request_names_one_host_and_that_of_http_1_1_must() {
        for host in ["till", "till.example:8080", "192.0.2.1", "[2001:db8::1]:443", ""] {
            assert!(accepted(Version::HTTP_11, &[host]), "{host}");
        }
        for host in ["a b", "user@till", "till/path", "[::1", "[::1]x", "till:1:2", "till:abc"] {
            assert!(!accepted(Version::HTTP_11, &[host]), "{host}");
        }
        assert!(!accepted(Version::HTTP_11, &[]));
        assert!(!accepted(Version::HTTP_11, &["till", "till"]));
        for version in [Version::HTTP_10, Version::HTTP_2] {
            assert!(accepted(version, &[]));
            assert!(accepted(version, &["till"]));
            assert!(!accepted(version, &["till", "other"]));
        }
    }
}
