//! The receiver of `till up`: takes webhooks that are signed as they should be, as a receiver of one's own would, and shows
//! all that came; it keeps nothing.

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
use crate::service::webhooks::{SignedRequest, Webhooks, is_ours};

/// Where webhooks are to be sent.
pub const SINK_PATH: &str = "/webhooks/sink";

/// Webhooks that are shown; older ones are forgotten.
const MOST: usize = 200;
/// The longest body that is taken, in bytes.
const LONGEST: usize = 256 * 1024;

/// What came, the newest first, and what tells whether it was signed.
#[derive(Debug, Clone)]
pub struct WebhookSink {
    webhooks: Webhooks,
    kept: Arc<Mutex<VecDeque<Received>>>,
}

/// A webhook as it came.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    id: String,
    /// Unix seconds.
    timestamp: String,
    signature: String,
    /// Whether a secret of an endpoint that the event went to signed it.
    verified: bool,
    body: String,
}

impl WebhookSink {
    pub fn new(webhooks: Webhooks) -> Self {
        Self { webhooks, kept: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
    let (id, timestamp, signature) =
        (field("webhook-id"), field("webhook-timestamp"), field("webhook-signature"));
    let request =
        SignedRequest { id: &id, timestamp: &timestamp, signatures: &signature, body: &body };
    let verified = match is_ours(&sink.webhooks, request).await {
        Ok(verified) => verified,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "the signature of a webhook can't be checked");
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    };
    let body = String::from_utf8_lossy(&body).into_owned();
    sink.keep(Received { id, timestamp, signature, verified, body });
    if verified { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
}

async fn list(State(sink): State<WebhookSink>) -> Response {
    let kept: Vec<Received> = sink.lock().iter().cloned().collect();
    Json(kept).into_response()
}

async fn show(State(sink): State<WebhookSink>) -> Response {
    let row = |received: &Received| {
        format!(
            "<tr><td>{at}</td><td><code>{id}</code></td><td>{signed}</td><td><pre>{body}</pre></td></tr>\n",
            at = escape(&moment(&received.timestamp)),
            id = escape(&received.id),
            signed = if received.verified { "right" } else { "wrong: refused" },
            body = escape(&received.body)
        )
    };
    let rows: String = sink.lock().iter().map(row).collect();
    let main = if rows.is_empty() {
        format!(
            "<p>None has come yet. Register an endpoint with this listener's <code>{SINK_PATH}</code>.</p>"
        )
    } else {
        format!(
            "<table><tr><th>When</th><th>webhook-id</th><th>Signature</th><th>Body</th></tr>\n{rows}</table>"
        )
    };
    page("Webhooks", &main)
}

/// As people read it; what is no time stays as it came.
fn moment(timestamp: &str) -> String {
    let at = timestamp.parse().ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    at.map_or_else(|| timestamp.to_owned(), |at| Utc(at).to_string())
}
