//! `/livez` and `/readyz`, for both listeners; they show states, never causes, which stand in the log.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::health::{Health, PartState, Phase};
use super::problem::Problem;

/// The routes; the public router merges them, the operators' router has them too.
pub fn routes(health: Health) -> Router {
    Router::new()
        .route("/livez", get(show_liveness))
        .route("/readyz", get(show_readiness))
        .with_state(health)
}

/// The process runs its event loop; nothing else is asked, because a restart would mend nothing else.
async fn show_liveness() -> Response {
    not_stored(Json(json!({ "status": "live" })).into_response())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ready,
    Degraded,
}

async fn show_readiness(
    State(health): State<Health>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parts = match query.as_deref() {
        None | Some("") => health.parts().await,
        // A balancer's question: an instance without Postgres still serves what it has cached.
        Some("for=traffic") => Vec::new(),
        Some(_) => return not_stored(unknown_query().into_response_for(&headers)),
    };
    not_stored(answer(health.phase(), &parts, &headers))
}

fn answer(phase: Phase, parts: &[(&'static str, PartState)], headers: &HeaderMap) -> Response {
    let checks: Map<String, Value> = parts
        .iter()
        .map(|(name, state)| ((*name).to_owned(), json!({ "status": state })))
        .collect();
    let down = parts.iter().any(|(_, state)| *state == PartState::Down);
    let degraded = parts.iter().any(|(_, state)| *state == PartState::Degraded);
    let refusal = match phase {
        Phase::Starting => Some(("dependency_unavailable", "The process is still starting.")),
        Phase::Draining => Some(("shutting_down", "The process is about to end.")),
        Phase::Ready if down => {
            Some(("dependency_unavailable", "A part it cannot do without is down."))
        }
        Phase::Ready => None,
    };
    if let Some((code, detail)) = refusal {
        let problem = Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code,
            title: "The service is not ready",
            detail: detail.to_owned(),
            instance: "/readyz",
        };
        let mut response = problem.with("checks", Value::Object(checks)).into_response_for(headers);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    }
    let status = if degraded { Verdict::Degraded } else { Verdict::Ready };
    Json(json!({ "status": status, "checks": checks })).into_response()
}

fn unknown_query() -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "validation_failed",
        title: "The request is not valid",
        detail: "The only question is `for=traffic`.".to_owned(),
        instance: "/readyz",
    }
}

fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
