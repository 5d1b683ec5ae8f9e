//! Pages for people: a landing page, the guides, the errors, and what is on its way out; none of them runs a script.

mod errors;
mod guides;
mod markdown;
mod page;
mod versions;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use page::{KEPT, page};

const STYLE: &str = include_str!("style.css");
const LANDING: &str = include_str!("landing.html");

pub(super) fn routes() -> Router {
    Router::new()
        .route("/", get(async || page("Orders and payments that survive", LANDING)))
        .route("/docs", get(guides::index))
        .route("/docs/{guide}", get(guides::show))
        .route("/docs/errors", get(errors::list))
        .route("/docs/errors/{code}", get(errors::show))
        .route("/docs/deprecations", get(versions::show))
        .route("/docs/style.css", get(show_style))
}

async fn show_style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, KEPT)], STYLE).into_response()
}
