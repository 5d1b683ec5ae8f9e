//! The panel that breaks things: forms that work without a script, each a `POST` from our own page; what they do is
//! `service::rehearsal`'s.

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::same_origin;
use super::worker_switch::{WorkerState, WorkerSwitch, WorkerWanted};
use crate::domain::thousands::Thousands;
use crate::ops::problem::Problem;
use crate::service::rehearsal::{Burst, BurstShown, GatewayRehearsal, LASTS, Mood, SHOPPERS};

/// What may be broken here.
#[derive(Debug, Clone)]
pub struct Panel {
    pub gateway: GatewayRehearsal,
    pub burst: Burst,
    pub worker: WorkerSwitch,
}

/// How the panel stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PanelView {
    pub gateway: ControlView,
    pub burst: ControlView,
    pub worker: ControlView,
}

/// One of its controls.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ControlView {
    /// Which of its buttons is pressed already; empty where none is.
    pub state: &'static str,
    /// How it stands, in a sentence.
    pub word: String,
}

impl Panel {
    pub(super) async fn view(&self) -> PanelView {
        PanelView {
            gateway: match self.gateway.look().await {
                Ok(Some(mood)) => control(mood.as_str(), of_mood(mood)),
                Ok(None) => control("", "It has faults that somebody else gave it."),
                Err(_away) => control("", "It can't be reached."),
            },
            burst: of_burst(self.burst.look()),
            worker: match self.worker.state() {
                WorkerState::Working => control("work", "It works."),
                WorkerState::Stopping => control("rest", "It finishes what it holds."),
                WorkerState::Resting => {
                    control("rest", "It rests: what is to be done piles up in the outbox.")
                }
            },
        }
    }
}

fn control(state: &'static str, word: &str) -> ControlView {
    ControlView { state, word: word.to_owned() }
}

const fn of_mood(mood: Mood) -> &'static str {
    match mood {
        Mood::Well => "It is well.",
        Mood::Slow => "It is slow: every call takes 1.5 s.",
        Mood::Failing => "It fails: every call answers 500.",
        Mood::Hanging => "It hangs: no call is answered.",
    }
}

fn of_burst(shown: Option<BurstShown>) -> ControlView {
    let Some(BurstShown { left, tally }) = shown else {
        let word = format!("{SHOPPERS} shoppers browse, order and pay for {} s.", LASTS.as_secs());
        return ControlView { state: "stop", word };
    };
    let count = |number| Thousands(number).to_string();
    let told = format!(
        "{} ordered, {} paid, {} settled later, {} refused at once, {} otherwise ended; the slowest payment was \
         answered after {} ms.",
        count(tally.ordered),
        count(tally.paid),
        count(tally.open),
        count(tally.refused),
        count(tally.other),
        Thousands(u64::try_from(tally.slowest.as_millis()).unwrap_or(u64::MAX)),
    );
    match left {
        Some(left) => {
            ControlView { state: "start", word: format!("{} s left: {told}", left.as_secs()) }
        }
        None => ControlView { state: "stop", word: format!("Over: {told}") },
    }
}

/// The longest form, in bytes.
const LONGEST: usize = 256;

pub(super) fn routes(panel: Panel) -> Router {
    Router::new()
        .route("/console/gateway", post(turn_gateway))
        .route("/console/burst", post(turn_burst))
        .route("/console/worker", post(turn_worker))
        .layer(DefaultBodyLimit::max(LONGEST))
        .layer(from_fn(refuse_strangers))
        .with_state(panel)
}

async fn refuse_strangers(request: Request, next: Next) -> Response {
    if same_origin::is_our_own(request.headers()) {
        return next.run(request).await;
    }
    let detail = "Controls are moved from the console's own page, by an address or localhost.";
    refusal(StatusCode::FORBIDDEN, "forbidden", detail).into_response_for(request.headers())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    to: String,
}

type WantedForm = Result<Form<Wanted>, FormRejection>;

async fn turn_gateway(
    State(panel): State<Panel>,
    headers: HeaderMap,
    form: WantedForm,
) -> Response {
    let Some(mood) = form.ok().and_then(|Form(wanted)| Mood::parse(&wanted.to)) else {
        return unknown("well, slow, failing or hanging").into_response_for(&headers);
    };
    if let Err(error) = panel.gateway.set(mood).await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "the sandbox gateway can't be put into another mood");
        let detail = "The sandbox gateway can't be reached.";
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "dependency_unavailable", detail)
            .into_response_for(&headers);
    }
    back()
}

async fn turn_burst(State(panel): State<Panel>, headers: HeaderMap, form: WantedForm) -> Response {
    match form.as_ref().map(|Form(wanted)| wanted.to.as_str()) {
        Ok("start") => {
            if let Err(running) = panel.burst.start() {
                return refusal(
                    StatusCode::CONFLICT,
                    "already_running",
                    &format!("There is {running}."),
                )
                .into_response_for(&headers);
            }
        }
        Ok("stop") => panel.burst.stop(),
        Ok(_) | Err(_) => return unknown("start or stop").into_response_for(&headers),
    }
    back()
}

async fn turn_worker(State(panel): State<Panel>, headers: HeaderMap, form: WantedForm) -> Response {
    let wanted = match form.as_ref().map(|Form(wanted)| wanted.to.as_str()) {
        Ok("work") => WorkerWanted::Work,
        Ok("rest") => WorkerWanted::Rest,
        Ok(_) | Err(_) => return unknown("work or rest").into_response_for(&headers),
    };
    panel.worker.turn(wanted);
    tracing::info!(?wanted, "the worker was told what to do");
    back()
}

/// To the page, where the change is seen.
fn back() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/console#panel")]).into_response()
}

fn unknown(choices: &str) -> Problem {
    let detail = format!("Send a form with one field, `to`: {choices}.");
    refusal(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", &detail)
}

fn refusal(status: StatusCode, code: &'static str, detail: &str) -> Problem {
    Problem {
        status,
        code,
        title: "This was not done",
        detail: detail.to_owned(),
        instance: "/console",
    }
}
