//! `POST /oauth/sign-out`: signs out whoever is signed in at this browser, so that somebody else can answer the application.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::form::Form;
use super::page_error::PageError;
use super::{cookie, redirect};
use crate::api::extract::RequestOrigin;
use crate::api::state::ApiState;
use crate::service::oauth::authorize::{Purpose, browser};

pub(super) async fn sign_out_browser(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, PageError> {
    let form = Form::read(&state.services, &[Purpose::SignOut], &headers, &body)?;
    browser::close(&state.services, &origin, &form.browser).await?;
    let mut response = redirect::to_authorization(&form.request)?;
    cookie::clear(&mut response);
    Ok(response)
}
