//! The test clock of `till up`: moves the service's time forward; mounted only where the clock is such a one.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::iso_duration;
use super::problem::Problem;
use crate::domain::clock::{Clock, ShiftedClock};

/// Farthest ahead of the system's time: long enough for every due time there is.
const FARTHEST: Duration = Duration::days(3_660);

pub(super) fn routes(clock: Arc<ShiftedClock>) -> Router {
    Router::new()
        .route("/sandbox/clock", get(show_clock).post(advance_clock).put(advance_clock))
        .layer(DefaultBodyLimit::max(1_024))
        .with_state(clock)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceClock {
    /// An ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `PT30M`.
    advance: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClockShown {
    #[serde(with = "time::serde::rfc3339")]
    now: OffsetDateTime,
    /// How far the clock is ahead of the system's.
    ahead_seconds: i64,
}

async fn show_clock(State(clock): State<Arc<ShiftedClock>>) -> Response {
    let shown = ClockShown { now: clock.now(), ahead_seconds: clock.shift().whole_seconds() };
    Json(shown).into_response()
}

async fn advance_clock(
    State(clock): State<Arc<ShiftedClock>>,
    headers: HeaderMap,
    // JSON by its content type too: a page in a browser cannot send that here unasked.
    body: Result<Json<AdvanceClock>, JsonRejection>,
) -> Response {
    let asked = match body {
        Ok(Json(asked)) => asked,
        Err(rejection) => return refuse(&rejection).into_response_for(&headers),
    };
    let by = iso_duration::parse(&asked.advance)
        .filter(|by| by.is_positive() && clock.shift().saturating_add(*by) <= FARTHEST);
    match by {
        Some(by) => {
            clock.advance(by);
            tracing::info!(advanced = %by, "the test clock was moved");
            show_clock(State(clock)).await
        }
        None => out_of_range(&headers),
    }
}

fn out_of_range(headers: &HeaderMap) -> Response {
    let detail = "must be an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as PT30M, \
                  and leave the clock at most 3660 days ahead";
    let problem = Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "validation_failed",
        title: "The request is not valid",
        detail: "1 field needs attention.".to_owned(),
        instance: "/sandbox/clock",
    };
    let error = json!([{ "pointer": "/advance", "code": "out_of_range", "detail": detail }]);
    problem.with("errors", error).into_response_for(headers)
}

fn refuse(rejection: &JsonRejection) -> Problem {
    let status = rejection.status();
    let code = match rejection {
        JsonRejection::JsonDataError(_) => "validation_failed",
        JsonRejection::JsonSyntaxError(_) => "malformed_json",
        JsonRejection::MissingJsonContentType(_) => "unsupported_media_type",
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
        _ => "malformed_json",
    };
    Problem {
        status,
        code,
        title: "The request is not valid",
        detail: "Send {\"advance\": \"PT30M\"} as application/json.".to_owned(),
        instance: "/sandbox/clock",
    }
}
