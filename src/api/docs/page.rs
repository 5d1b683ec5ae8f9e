//! The frame of every page; it knows no page's content.

use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};

pub(super) use crate::domain::html::escape;

/// How long a browser may keep a page; texts change with releases alone.
pub(super) const KEPT: &str = "public, max-age=300";

/// A whole page: `title` is text, `main` is markup whose texts are escaped already.
pub(super) fn page(title: &str, main: &str) -> Response {
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
         <header><nav aria-label=\"Main\"><a class=\"brand\" href=\"/\">Till</a>\
         <a href=\"/docs\">Guide</a><a href=\"/docs/errors\">Errors</a>\
         <a href=\"/swagger-ui/\">Try it</a></nav></header>\n\
         <main>\n<h1>{title}</h1>\n{main}\n</main>\n\
         </body>\n</html>\n"
    );
    ([(CACHE_CONTROL, KEPT)], Html(html)).into_response()
}
