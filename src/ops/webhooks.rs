//! The receiver of `till up`: an endpoint that takes every webhook, and a page of what came; it believes and keeps nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Serialize;
use time::OffsetDateTime;

use super::page::page;
use crate::domain::html::escape;
use crate::domain::utc::Utc;

/// Where webhooks are to be sent.
pub const SINK_PATH: &str = "/webhooks/sink";

/// Webhooks that are shown; older ones are forgotten.
const MOST: usize = 200;
/// The longest body that is taken, in bytes.
const LONGEST: usize = 256 * 1024;

/// What came, the newest first.
#[derive(Debug, Clone, Default)]
pub struct WebhookSink(Arc<Mutex<VecDeque<Received>>>);

/// A webhook as it came.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    id: String,
    /// Unix seconds.
    timestamp: String,
    signature: String,
    body: String,
}

impl WebhookSink {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, received: Received) {
        let mut kept = self.lock();
        kept.push_front(received);
        kept.truncate(MOST);
    }
}

pub(super) fn routes(sink: WebhookSink) -> Router {
    Router::new()
        .route(SINK_PATH, post(receive).layer(DefaultBodyLimit::max(LONGEST)))
        .route("/webhooks", get(show))
        .route("/webhooks/received", get(list))
        .with_state(sink)
}

async fn receive(State(sink): State<WebhookSink>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let field = |name: &str| {
        let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        value.unwrap_or_default().into_owned()
    };
    sink.keep(Received {
        id: field("webhook-id"),
        timestamp: field("webhook-timestamp"),
        signature: field("webhook-signature"),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    StatusCode::NO_CONTENT
}

async fn list(State(sink): State<WebhookSink>) -> Response {
    let kept: Vec<Received> = sink.lock().iter().cloned().collect();
    Json(kept).into_response()
}

async fn show(State(sink): State<WebhookSink>) -> Response {
    let row = |received: &Received| {
        format!(
            "<tr><td>{at}</td><td><code>{id}</code></td><td><pre>{body}</pre></td></tr>\n",
            at = escape(&moment(&received.timestamp)),
            id = escape(&received.id),
            body = escape(&received.body)
        )
    };
    let rows: String = sink.lock().iter().map(row).collect();
    let main = if rows.is_empty() {
        format!(
            "<p>None has come yet. Register an endpoint with this listener's <code>{SINK_PATH}</code>.</p>"
        )
    } else {
        format!("<table><tr><th>When</th><th>webhook-id</th><th>Body</th></tr>\n{rows}</table>")
    };
    page("Webhooks", &main)
}

/// As people read it; what is no time stays as it came.
fn moment(timestamp: &str) -> String {
    let at = timestamp.parse().ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    at.map_or_else(|| timestamp.to_owned(), |at| Utc(at).to_string())
}
