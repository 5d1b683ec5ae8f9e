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
use crate::service::oauth::authorize::{AuthorizeError, Purpose, Refusal, Said, Yes, allow, check};

pub(super) async fn decide_authorization(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, PageError> {
    let (services, issuer) = (&*state.services, state.services.auth.issuer());
    let form = Form::read(services, &[Purpose::Decide, Purpose::Deny], &headers, &body)?;
    let of = |error: AuthorizeError| PageError::of(error, After::Post, issuer);
    let authorization = check(services, &form.asked()?).await.map_err(of)?;
    match form.fields.once("decision") {
        // Not from the page that asks for a sign-in.
        Some("allow") if form.purpose == Purpose::Decide => {
            let shown = ScopeSet::parse_known(form.fields.once("shown").unwrap_or_default());
            let yes = Yes { said: Said::Now, shown };
            let code = allow(services, &origin, &authorization, (&form.browser, yes)).await;
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
