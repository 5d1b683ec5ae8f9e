//! What callers see of their limits: who is counted for what, what every answer tells, and that it is true.

mod clients;
mod counted;
mod keys;
mod list;
mod sign_in;
mod told;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::request::Builder;
use till::config::RateLimits;
use till::domain::rate::Rate;

use crate::api::support::{Answered, router_under, send};
use crate::support::{TestServices, services};

pub fn rate(text: &str) -> Option<Rate> {
    Some(text.parse().unwrap())
}

/// An API under these limits, and what it stands on.
pub async fn limited(rates: RateLimits) -> (TestServices, Router) {
    let test = services().await;
    let router = router_under(&test, test.limits_of(rates));
    (test, router)
}

/// Sends it from that address.
pub async fn send_from(router: &Router, address: &str, request: Builder, body: &str) -> Answered {
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    send(router, request).await
}

pub async fn get_from(router: &Router, address: &str, path: &str) -> Answered {
    send_from(router, address, Request::get(path), "").await
}
