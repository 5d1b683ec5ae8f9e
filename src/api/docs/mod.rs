//! Pages for people: a landing page, the rules every request follows, the errors, and what is on its way out; none of them runs a script.

mod errors;
mod page;
mod versions;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use page::{KEPT, page};

const STYLE: &str = include_str!("style.css");
const LANDING: &str = include_str!("landing.html");
const GUIDE: &str = include_str!("guide.html");

pub(super) fn routes() -> Router {
    Router::new()
        .route("/", get(async || page("Orders and payments that survive", LANDING)))
        .route("/docs", get(async || page("Guide", GUIDE)))
        .route("/docs/errors", get(errors::list))
        .route("/docs/errors/{code}", get(errors::show))
        .route("/docs/versions", get(versions::show))
        .route("/docs/style.css", get(show_style))
}

async fn show_style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, KEPT)], STYLE).into_response()
}
