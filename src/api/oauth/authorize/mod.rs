//! `/oauth/authorize` and the pages behind it, where people let applications act for them: HTML and redirects without a script;
//! what may be asked and who may say yes is decided in `service::oauth::authorize`.
//!
//! | route | shows or does |
//! | --- | --- |
//! | `GET /oauth/authorize` | the sign-in page, the consent page, or the way back to the application |
//! | `POST /oauth/authorize` | yes or no, from the consent page; no from the sign-in page, too |
//! | `POST /oauth/sign-in` | signs the browser in, then asks anew |
//! | `POST /oauth/sign-out` | signs the browser out, then asks anew |
//!
//! Every form carries the whole request it is about, so nothing is kept between two of them but a cookie.

mod cookie;
mod decide;
mod form;
mod page;
mod page_error;
mod parameters;
mod redirect;
mod show;
mod sign_in;
mod sign_out;

use axum::Router;
use axum::routing::{get, post};

use crate::api::state::ApiState;

pub(super) use page_error::edge_page;

pub fn routes() -> Router<ApiState> {
    Router::new()
        .route("/oauth/authorize", get(show::show_authorization).post(decide::decide_authorization))
        .route("/oauth/sign-in", post(sign_in::sign_in_browser))
        .route("/oauth/sign-out", post(sign_out::sign_out_browser))
        .route("/oauth/style.css", get(page::show_style))
}
