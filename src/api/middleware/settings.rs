//! What the edge is told by configuration; each layer takes the one value it needs and none reads configuration.

use std::time::Duration;

use axum::http::HeaderValue;

use crate::api::v1::ROUTE_DEADLINES;
use crate::config::{Http, LoadShed};
use crate::resilience::load_shed::Bounds;

/// Where the limit of requests at work begins before anything was learnt: the connections of the pool, by default.
const FIRST: u32 = 20;

/// Bounds and headers that hold for every request.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Longest request body in bytes.
    pub body_limit: usize,
    /// Longest time until an answer begins.
    pub deadline: Duration,
    /// Routes with a deadline of their own, where it is the longer one: those that take more than a moment's body.
    pub route_deadlines: &'static [(&'static str, Duration)],
    /// Origins whose pages may call from a browser, each exactly as browsers send it; none switches CORS off.
    pub cors_origins: Vec<HeaderValue>,
    /// `max-age` of `Strict-Transport-Security`; `None` sends no such header.
    pub hsts: Option<Duration>,
    /// Between what the limit of requests at work moves; `None` refuses none.
    pub load_shed: Option<Bounds>,
}

impl EdgeSettings {
    /// The same with load shedding, where it is on.
    #[must_use]
    pub fn shedding(self, settings: Option<LoadShed>) -> Self {
        let bounds = |LoadShed { least, most, hangs_after }| {
            let first = FIRST.clamp(least, most);
            Bounds { least, first, most, hangs_after }
        };
        Self { load_shed: settings.map(bounds), ..self }
    }
}

impl From<&Http> for EdgeSettings {
    fn from(http: &Http) -> Self {
        // An origin that parsed as a URL is ASCII, so none is lost here.
        let origin = |origin: &crate::config::BaseUrl| HeaderValue::from_str(origin.as_str()).ok();
        Self {
            body_limit: http.body_limit,
            deadline: http.request_deadline,
            route_deadlines: ROUTE_DEADLINES,
            cors_origins: http.cors_origins.iter().filter_map(origin).collect(),
            hsts: http.hsts,
            load_shed: None,
        }
    }
}

impl Default for EdgeSettings {
    /// The defaults of configuration: 256 KiB, 10 s, no CORS, no HSTS; and nothing is shed.
    fn default() -> Self {
        Self {
            body_limit: 256 * 1024,
            deadline: Duration::from_secs(10),
            route_deadlines: ROUTE_DEADLINES,
            cors_origins: Vec::new(),
            hsts: None,
            load_shed: None,
        }
    }
}
