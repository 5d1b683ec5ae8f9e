//! `POST /oauth/authorize`: takes somebody's yes or no back to the application.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::form::Form;
use super::page_error::PageError;
use super::redirect::{self, After};
use crate::api::extract::RequestOrigin;
use crate::api::state::ApiState;
use crate::domain::access::ScopeSet;
use crate::service::oauth::authorize::{AuthorizeError, Purpose, Refusal, allow, check};

pub(super) async fn decide_authorization(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, PageError> {
    let (services, issuer) = (&*state.services, state.services.auth.issuer());
    let form = Form::read(services, Purpose::Decide, &headers, &body)?;
    let of = |error: AuthorizeError| PageError::of(error, After::Post, issuer);
    let authorization = check(services, &form.asked()?).await.map_err(of)?;
    match form.fields.once("decision") {
        Some("allow") => {
            let shown = ScopeSet::parse_known(form.fields.once("shown").unwrap_or_default());
            let code = allow(services, &origin, &authorization, (&form.browser, shown)).await;
            match code.map_err(of)? {
                Some(code) => redirect::with_code(After::Post, &authorization.back, &code, issuer),
                // Signed out since: they are asked to sign in first.
                None => redirect::to_authorization(&form.request),
            }
        }
        Some("deny") => {
            redirect::with_refusal(After::Post, &authorization.back, Refusal::DENIED, issuer)
        }
        Some(_) | None => Err(PageError::Forged),
    }
}
