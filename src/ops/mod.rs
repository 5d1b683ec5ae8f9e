//! The operator listener: metrics, health, the console and sandbox controls; never reachable from the public one.
//!
//! It asks for no credentials, so it listens on an address of its own (`TILL_OPS_LISTEN`, loopback by default).
//! Only [`probe_routes`] are mounted on the public listener too.

mod console;
mod health;
mod iso_duration;
mod mail;
mod page;
mod probes;
mod problem;
mod test_clock;
mod webhooks;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::domain::clock::ShiftedClock;
use crate::service::mails::MailFolder;
use problem::Problem;

pub use console::{Console, ConsoleParts, Panel, Program, WorkerState, WorkerSwitch, WorkerWanted};
pub use health::{Health, Importance, PartState, Phase, Probe, ProbeBounds, ProbeError, Readiness};
pub use probes::routes as probe_routes;
pub use webhooks::{SINK_PATH, WebhookSink};

/// What the operators' listener shows and moves.
pub struct OpsParts {
    /// For `/livez` and `/readyz`.
    pub health: Health,
    /// The text of `/metrics`, in Prometheus' format 0.0.4.
    pub metrics: MetricsText,
    /// What `/console` shows.
    pub console: Console,
    /// The clock that `/sandbox/clock` moves; without one there is no such route.
    pub test_clock: Option<Arc<ShiftedClock>>,
    /// The folder that `/mail` shows; without one there is no such page.
    pub mail: Option<MailFolder>,
    /// What `/webhooks` shows; without one there is no such page and no receiver.
    pub webhooks: Option<WebhookSink>,
}

/// Makes the text of `/metrics`.
#[derive(Clone)]
pub struct MetricsText(Arc<dyn Fn() -> String + Send + Sync>);

impl MetricsText {
    /// Text made by this function at each scrape.
    pub fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }
}

impl fmt::Debug for MetricsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsText")
    }
}

/// Every route of the operators' listener.
pub fn router(parts: OpsParts) -> Router {
    let OpsParts { health, metrics, console, test_clock, mail, webhooks } = parts;
    let routes =
        probe_routes(health).merge(metrics_routes(metrics)).merge(console::routes(console));
    let routes = match test_clock {
        Some(clock) => routes.merge(test_clock::routes(clock)),
        None => routes,
    };
    let routes = match mail {
        Some(folder) => routes.merge(mail::routes(folder)),
        None => routes,
    };
    let routes = match webhooks {
        Some(sink) => routes.merge(webhooks::routes(sink)),
        None => routes,
    };
    routes.fallback(refuse_path).method_not_allowed_fallback(refuse_method)
}

/// `/metrics` alone, for a program that has no listener for operators.
pub fn metrics_routes(metrics: MetricsText) -> Router {
    Router::new().route("/metrics", get(show_metrics)).with_state(metrics)
}

async fn show_metrics(State(MetricsText(render)): State<MetricsText>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], render()).into_response()
}

async fn refuse_path(headers: HeaderMap, uri: Uri) -> Response {
    let problem = Problem {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        title: "There is nothing here",
        detail: format!("The operators' listener has no {}.", uri.path()),
        instance: "/",
    };
    problem.into_response_for(&headers)
}

async fn refuse_method(headers: HeaderMap) -> Response {
    let problem = Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method_not_allowed",
        title: "This method is not offered here",
        detail: "The `Allow` header names those that are.".to_owned(),
        instance: "/",
    };
    problem.into_response_for(&headers)
}
