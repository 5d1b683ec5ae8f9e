//! The guides of `docs/guides/`, which are part of the program: each a page, and the text it is made from.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::markdown::{Rendered, render};
use super::page::{KEPT, escape, page, page_beside};

struct Guide {
    name: &'static str,
    text: &'static str,
    rendered: LazyLock<Rendered>,
}

/// A guide is a file and a line here.
macro_rules! guides {
    ($($name:literal),+ $(,)?) => {
        /// In the order in which somebody new reads them; the index goes first.
        static GUIDES: [Guide; [$($name),+].len()] = [$(Guide {
            name: $name,
            text: include_str!(concat!("../../../docs/guides/", $name, ".md")),
            rendered: LazyLock::new(|| {
                render(include_str!(concat!("../../../docs/guides/", $name, ".md")))
            }),
        }),+];
    };
}

guides![
    "README",
    "quick-start",
    "authentication",
    "oauth",
    "idempotency",
    "retries",
    "pagination",
    "rate-limits",
    "caching",
    "webhooks",
    "reports",
    "clients",
    "sandbox",
    "versions",
    "production",
    "scaling",
    "changelog",
];

impl Guide {
    fn is_index(&self) -> bool {
        self.name == "README"
    }

    fn address(&self) -> String {
        if self.is_index() { "/docs".to_owned() } else { format!("/docs/{}", self.name) }
    }

    fn link(&self) -> String {
        format!("<a href=\"{}\">{}</a>", self.address(), escape(&self.rendered.title))
    }

    fn show(&self) -> Response {
        let sections = self.rendered.sections.iter();
        let contents: String = sections
            .map(|(title, id)| format!("<li><a href=\"#{id}\">{}</a></li>", escape(title)))
            .collect();
        let within = if contents.is_empty() {
            String::new()
        } else {
            format!(
                "<nav aria-labelledby=\"contents\"><h2 id=\"contents\">On this page</h2>\
                 <ul>{contents}</ul></nav>\n"
            )
        };
        let beside = format!("{within}{}", self.others());
        page_beside(
            &self.rendered.title,
            &format!("{}{}", self.rendered.html, self.next()),
            &beside,
        )
    }

    fn others(&self) -> String {
        let line = |guide: &Guide| {
            if guide.name == self.name {
                let title = escape(&guide.rendered.title);
                format!("<li><span aria-current=\"page\">{title}</span></li>")
            } else {
                format!("<li>{}</li>", guide.link())
            }
        };
        let lines: String = GUIDES.iter().map(line).collect();
        format!(
            "<nav aria-labelledby=\"guides\"><h2 id=\"guides\">Guides</h2><ul>{lines}</ul></nav>\n"
        )
    }

    /// The guide to read after this one.
    fn next(&self) -> String {
        let after = GUIDES.iter().skip_while(|guide| guide.name != self.name).nth(1);
        let text =
            format!("<p class=\"quiet\"><a href=\"{}.md\">As Markdown</a></p>\n", self.file());
        after.map_or(text.clone(), |guide| format!("<p>Next: {}</p>\n{text}", guide.link()))
    }

    fn file(&self) -> String {
        format!("/docs/{}", self.name)
    }
}

pub(super) async fn index() -> Response {
    GUIDES.iter().find(|guide| guide.is_index()).map_or_else(unknown, Guide::show)
}

/// `/docs/quick-start` is the page, `/docs/quick-start.md` the text.
pub(super) async fn show(Path(asked): Path<String>) -> Response {
    let (name, as_text) =
        asked.strip_suffix(".md").map_or((asked.as_str(), false), |name| (name, true));
    let found = GUIDES.iter().find(|guide| guide.name == name && (as_text || !guide.is_index()));
    match found {
        None => unknown(),
        Some(guide) if as_text => {
            let kind = (CONTENT_TYPE, "text/markdown; charset=utf-8");
            ([kind, (CACHE_CONTROL, KEPT)], guide.text).into_response()
        }
        Some(guide) => guide.show(),
    }
}

fn unknown() -> Response {
    let main = "<p>There is no such guide.</p>\n<p><a href=\"/docs\">All guides</a></p>";
    (StatusCode::NOT_FOUND, [(CACHE_CONTROL, "no-store")], page("No such page", main))
        .into_response()
}
