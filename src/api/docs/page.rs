//! The frame of every page; it knows no page's content.

use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};

pub(super) use crate::domain::html::escape;

/// How long a browser may keep a page; texts change with releases alone.
pub(super) const KEPT: &str = "public, max-age=300";

/// A whole page: `title` is text, `main` is markup whose texts are escaped already.
pub(super) fn page(title: &str, main: &str) -> Response {
    framed(title, &format!("<main id=\"main\">\n<h1>{}</h1>\n{main}\n</main>\n", escape(title)))
}

/// The same, with ways to elsewhere beside it; where there is no room, below it.
pub(super) fn page_beside(title: &str, main: &str, beside: &str) -> Response {
    let title_text = escape(title);
    framed(
        title,
        &format!(
            "<div class=\"columns\">\n<main id=\"main\">\n<h1>{title_text}</h1>\n{main}\n</main>\n\
             <div class=\"beside\">\n{beside}</div>\n</div>\n"
        ),
    )
}

fn framed(title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · Till</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n\
         </head>\n\
         <body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the text</a>\n\
         <header><nav aria-label=\"Main\"><a class=\"brand\" href=\"/\">Till</a>\
         <a href=\"/docs\">Guides</a><a href=\"/docs/errors\">Errors</a>\
         <a href=\"/swagger-ui/\">Try it</a></nav></header>\n\
         {body}\
         </body>\n</html>\n"
    );
    ([(CACHE_CONTROL, KEPT)], Html(html)).into_response()
}
