//! Response headers that tell browsers and caches what they must not do; a header a handler set itself stays.

use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

use super::around::{Around, Inner};

/// Our pages have a style sheet and nothing that runs.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// Below these, an answer may be somebody's own.
const PRIVATE: [&str; 3] = ["/v1", "/v2", "/oauth"];

/// `max-age` of `Strict-Transport-Security`, where it is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hsts(pub Option<Duration>);

impl Around for Hsts {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let (Self(hsts), private) = (*self, is_private(request.uri().path()));
        let answer = inner.begin(request);
        async move {
            let mut response = answer.await;
            let unstored = private || response.status().as_u16() >= 400;
            if unstored {
                set_default(
                    response.headers_mut(),
                    CACHE_CONTROL,
                    HeaderValue::from_static("no-store"),
                );
            }
            protect(response.headers_mut(), hsts);
            response
        }
    }
}

fn protect(headers: &mut HeaderMap, hsts: Option<Duration>) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set_default(headers, REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_html(headers) {
        set_default(headers, CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
    if let Some(policy) = hsts.and_then(transport_policy) {
        headers.insert(STRICT_TRANSPORT_SECURITY, policy);
    }
}

fn is_private(path: &str) -> bool {
    PRIVATE.iter().any(|root| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

/// Without `includeSubDomains`: what runs beside us is not ours to decide.
fn transport_policy(max_age: Duration) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("max-age={}", max_age.as_secs())).ok()
}
