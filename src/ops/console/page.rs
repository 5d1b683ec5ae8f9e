//! The page of the console and what it loads, all of it from this program; every text is escaped by the template.

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::chart::Section;
use super::drawing::{HEIGHT, WIDTH};
use super::view::ChartView;
use super::{View, frame};
use crate::ops::problem::Problem;
use crate::service::rehearsal::Mood;

/// Only what this listener serves, only our own script, and forms that lead back here.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = include_str!("console.css");
const SCRIPT: &str = include_str!("console.js");
const ICON: &str = include_str!("icon.svg");

#[derive(Template)]
#[template(path = "console.html")]
struct Page<'a> {
    view: &'a View,
    sections: Vec<SectionView<'a>>,
    /// The gateway's moods by value and name.
    moods: [(&'static str, &'static str); 4],
    version: &'static str,
    width: u32,
    height: u32,
}

struct SectionView<'a> {
    title: &'static str,
    charts: Vec<&'a ChartView>,
}

pub(super) fn render(view: &View) -> Response {
    let charts = |section| view.charts.iter().filter(move |chart| chart.section == section);
    let sections = Section::ALL
        .into_iter()
        .map(|section| SectionView { title: section.title(), charts: charts(section).collect() })
        .filter(|section| !section.charts.is_empty())
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    let moods = Mood::ALL.map(|mood| (mood.as_str(), button_of(mood)));
    match (Page { view, sections, moods, version, width: WIDTH, height: HEIGHT }).render() {
        Ok(html) => frame::guarded(Html(html).into_response(), POLICY),
        Err(error) => {
            tracing::error!(%error, "the console can't be rendered");
            unrendered().into_response_for(&HeaderMap::new())
        }
    }
}

const fn button_of(mood: Mood) -> &'static str {
    match mood {
        Mood::Well => "Well",
        Mood::Slow => "Slow",
        Mood::Failing => "Failing",
        Mood::Hanging => "Hanging",
    }
}

fn unrendered() -> Problem {
    Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal_error",
        title: "The console can't be shown",
        detail: "The log says why.".to_owned(),
        instance: "/console",
    }
}

/// Style, script and icon.
pub(super) fn assets() -> Router {
    let asset = |kind: &'static str, text: &'static str| {
        get(async move || {
            // A newer program on the same address brings newer ones.
            let fields = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
            let nosniff = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (fields, nosniff, text).into_response()
        })
    };
    Router::new()
        .route("/console/console.css", asset("text/css; charset=utf-8", STYLE))
        .route("/console/console.js", asset("text/javascript; charset=utf-8", SCRIPT))
        .route("/console/icon.svg", asset("image/svg+xml", ICON))
}
