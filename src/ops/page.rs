//! The frame of the operators' pages: nothing runs in it, nothing is loaded, nobody else may show it.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use crate::domain::html::escape;

pub(super) const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;\
    border-bottom:1px solid #8884}pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:1rem;border:1px solid #8884}\
    td pre{margin:0;padding:0;border:0}iframe{width:100%;height:24rem;border:1px solid #8884;background:#fff}";

/// `main` is markup whose texts are escaped already.
pub(super) fn page(title: &str, main: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · Till</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n{main}\n</body>\n</html>\n"
    );
    guarded(Html(html).into_response(), PAGE_POLICY)
}

pub(super) fn guarded(mut response: Response, policy: &'static str) -> Response {
    let fields = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
