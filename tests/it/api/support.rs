//! What tests of the edge share: sending a request and reading an answer; it starts no server and no database.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::Value;
use till::api::extract::CursorKey;
use till::api::limits::Limits;
use till::api::middleware::EdgeSettings;
use till::api::state::ApiParts;
use till::api::v1::products::RenderedProducts;
use till::api::versions::Versions;
use till::api::{router, router_beside};
use till::config::{AfterSunset, BaseUrl};
use till::service::deprecated_calls::DeprecatedCalls;
use till::service::payments::Payments;
use till::service::webhooks::Webhooks;
use tower::ServiceExt;

use super::declared;
use crate::support::TestServices;

/// An address at which nobody listens: the port of the discard service.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that this is a whole problem of that code, and gives its body.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], code);
        assert_eq!(body["type"], format!("/docs/errors/{code}"));
        assert_eq!(body["requestId"], self.header("x-request-id"));
        body
    }
}

/// Sends the request, to a host if it names none; an answer that its operation does not declare in the OpenAPI document
/// fails the test.
pub async fn send(router: &Router, mut request: Request<Body>) -> Answered {
    request.headers_mut().entry(HOST).or_insert(HeaderValue::from_static("till"));
    send_as_is(router, request).await
}

/// The same without a host of ours.
pub async fn send_as_is(router: &Router, request: Request<Body>) -> Answered {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = to_bytes(body, 8 << 20).await.unwrap().to_vec();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let answered = Answered { status: head.status, headers: head.headers, text, bytes };
    declared::check(&method, &path, &answered);
    answered
}

pub async fn get(router: &Router, path: &str) -> Answered {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

/// The API as it is shipped, over these services; no gateway is there to be paid through.
pub fn router_over(test: &TestServices) -> Router {
    router_with(test, test.payments(BaseUrl::of(NOBODY)))
}

/// [`router_over`] that charges through these payments.
pub fn router_with(test: &TestServices, payments: Payments) -> Router {
    router_with_webhooks(test, payments, test.webhooks())
}

/// [`router_with`] that registers endpoints with these webhooks.
pub fn router_with_webhooks(test: &TestServices, payments: Payments, webhooks: Webhooks) -> Router {
    let state = ApiParts { webhooks: Arc::new(webhooks), ..state(test, payments) };
    router(Arc::new(state), EdgeSettings::default(), &test.services.ambient)
}

/// [`router_over`] under these limits.
pub fn router_under(test: &TestServices, limits: Limits) -> Router {
    let state =
        ApiParts { limits: Arc::new(limits), ..state(test, test.payments(BaseUrl::of(NOBODY))) };
    router(Arc::new(state), EdgeSettings::default(), &test.services.ambient)
}

/// [`router_over`] that treats what is on its way out like this.
pub fn router_with_versions(test: &TestServices, versions: Versions) -> Router {
    let state = ApiParts { versions, ..state(test, test.payments(BaseUrl::of(NOBODY))) };
    router(Arc::new(state), EdgeSettings::default(), &test.services.ambient)
}

/// Nothing counted yet.
pub fn versions(after_sunset: AfterSunset) -> Versions {
    Versions { after_sunset, calls: DeprecatedCalls::default() }
}

/// [`router_with`] in other layers, with the routes of another part beside.
pub fn router_in(
    test: &TestServices,
    payments: Payments,
    edge: EdgeSettings,
    others: Router,
) -> Router {
    router_beside(others, Arc::new(state(test, payments)), edge, &test.services.ambient)
}

fn state(test: &TestServices, payments: Payments) -> ApiParts {
    ApiParts {
        services: Arc::new(test.services.clone()),
        payments: Arc::new(payments),
        jobs: Arc::new(test.jobs(BaseUrl::of(NOBODY))),
        webhooks: Arc::new(test.webhooks()),
        limits: Arc::new(test.limits()),
        versions: versions(AfterSunset::Answer),
        cursors: CursorKey::new([7; 32]),
        rendered_products: RenderedProducts::default(),
    }
}
