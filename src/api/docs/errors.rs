//! The pages that a problem's `type` leads to, made from the catalogue; no text about an error is written here.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};

use super::page::{escape, page};
use crate::api::problem::ProblemCode;

pub(super) async fn list() -> Response {
    let rows: String = ProblemCode::ALL.iter().copied().map(row).collect();
    let main = format!(
        "<p>Every error is <code>application/problem+json</code> (RFC 9457). A program switches on \
         <code>code</code>, which stays; the texts may be improved.</p>\n\
         <div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th>Status</th><th>Code</th><th>Title</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>"
    );
    page("Errors", &main)
}

fn row(code: ProblemCode) -> String {
    format!(
        "<tr><td>{}</td><td><a href=\"{}\"><code>{}</code></a></td><td>{}</td></tr>\n",
        code.status().as_u16(),
        escape(&code.type_uri()),
        escape(code.as_str()),
        escape(code.entry().title),
    )
}

pub(super) async fn show(Path(name): Path<String>) -> Response {
    ProblemCode::from_name(&name).map_or_else(unknown, explain)
}

fn explain(code: ProblemCode) -> Response {
    let entry = code.entry();
    let status = entry.status.as_u16();
    let reason = entry.status.canonical_reason().unwrap_or_default();
    // Maps with text keys alone: there is nothing in it that could fail to serialise.
    let example = serde_json::to_string_pretty(&code.example()).unwrap_or_default();
    let main = format!(
        "<p><code>{code}</code> · {status} {reason}</p>\n\
         <h2>What it means</h2>\n<p>{meaning}</p>\n\
         <h2>Why it happens</h2>\n<p>{cause}</p>\n\
         <h2>What to do</h2>\n<p>{remedy}</p>\n<p>{advice}</p>\n\
         <h2>Example</h2>\n<pre tabindex=\"0\"><code>{example}</code></pre>\n\
         <p><a href=\"/docs/errors\">All errors</a></p>",
        code = escape(entry.code),
        meaning = escape(entry.meaning),
        cause = escape(entry.cause),
        remedy = escape(entry.remedy),
        advice = escape(entry.retry.advice()),
        example = escape(&example),
    );
    page(entry.title, &main)
}

fn unknown() -> Response {
    let main =
        "<p>The catalogue has no such code.</p>\n<p><a href=\"/docs/errors\">All errors</a></p>";
    (StatusCode::NOT_FOUND, [(CACHE_CONTROL, "no-store")], page("No such error", main))
        .into_response()
}
