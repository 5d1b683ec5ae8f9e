//! The page of what is on its way out, made from the table of `api::versions`; no date is written here.

use axum::response::Response;

use super::page::{escape, page};
use crate::api::versions::{DEPRECATIONS, Deprecation};
use crate::domain::utc::Day;

pub(super) async fn show() -> Response {
    let rows: String = DEPRECATIONS.iter().map(row).collect();
    let main = format!(
        "<p>A version is a promise: within it members and operations are added, none is taken away. What a newer \
         version replaces goes on beside it for at least 180 days. Each of its answers says since when \
         (<code>Deprecation</code>, RFC 9745), until when (<code>Sunset</code>, RFC 8594) and what replaces it \
         (<code>Link</code> with <code>rel=\"successor-version\"</code>). Past that day it may answer 410 \
         <a href=\"/docs/errors/version_retired\"><code>version_retired</code></a>. Log a warning wherever you see a \
         <code>Deprecation</code>, and you will hear of it in time.</p>\n\
         <div class=\"wide\"><table>\n<thead><tr><th>Operation</th><th>Deprecated since</th><th>Until</th>\
         <th>Successor</th><th>What is different</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>"
    );
    page("What is on its way out", &main)
}

fn row(deprecation: &Deprecation) -> String {
    format!(
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>\n",
        escape(deprecation.operation),
        Day(deprecation.deprecated_at),
        Day(deprecation.sunset_at),
        escape(deprecation.successor),
        prose(deprecation.change),
    )
}

/// Names between back quotes are code.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(place, part)| match place % 2 {
            0 => escape(part),
            _ => format!("<code>{}</code>", escape(part)),
        })
        .collect()
}
